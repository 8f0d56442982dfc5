//! `proc-title-template`: what the process calls itself, with variables in braces.

/// The variables of a template.
pub const TITLE_VARIABLES: [&str; 7] =
    ["title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"];

/// A template with its variables filled in, without spaces at its end. `{{` stands for a brace.
/// None if a variable is unknown or its brace is not closed.
pub fn expand_title(template: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut title = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        title.push_str(before);
        if let Some(literal) = after.strip_prefix('{') {
            title.push('{');
            rest = literal;
            continue;
        }
        let (name, after) = after.split_once('}')?;
        title.push_str(&value(name)?);
        rest = after;
    }
    title.push_str(rest);
    title.truncate(title.trim_end().len());
    Some(title)
}

/// Whether a template is one.
pub(crate) fn is_template(template: &str) -> bool {
    let known = |name: &str| TITLE_VARIABLES.contains(&name).then(|| name.to_owned());
    expand_title(template, known).is_some_and(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in() {
        let value = |name: &str| match name {
            "title" => Some("merops".to_owned()),
            "port" => Some(String::new()),
            _ => None,
        };
        let expand = |template| expand_title(template, value);
        assert_eq!(expand("{title} on {port} "), Some("merops on".to_owned()));
        assert_eq!(expand("{{title} }"), Some("{title} }".to_owned()));
        assert_eq!(expand("plain"), Some("plain".to_owned()));
        assert_eq!(expand("{nothing}"), None);
        assert_eq!(expand("{title"), None);
        assert!(is_template("{title} {listen-addr} {server-mode}"));
        assert!(!is_template("{invalid-var}"));
        assert!(!is_template(" "));
    }
}
