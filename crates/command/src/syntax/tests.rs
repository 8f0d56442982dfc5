use super::{Argument, ArgumentType, parse};

/// A line's arguments, told one by one.
fn told(line: &str) -> String {
    let arguments = parse(line).unwrap_or_else(|fault| panic!("{line}: {fault}"));
    arguments.iter().map(tell).collect::<Vec<_>>().join(" ")
}

fn tell(argument: &Argument<'_>) -> String {
    let mut text = format!("{}/{}", argument.name, argument.kind.name());
    if let Some(token) = argument.token {
        text += &format!("={token}");
    }
    if let Some(index) = argument.key_spec {
        text += &format!("@{index}");
    }
    let marks = [argument.is_optional, argument.is_multiple, argument.repeats_token];
    text.extend(marks.iter().zip("?*+".chars()).filter_map(|(is, mark)| is.then_some(mark)));
    if !argument.members.is_empty() {
        let members: Vec<_> = argument.members.iter().map(tell).collect();
        text += &format!("{{{}}}", members.join(" "));
    }
    text
}

#[test]
fn values_have_types() {
    assert_eq!(told(""), "");
    assert_eq!(told("key value pattern"), "key/key@0 value/string pattern/pattern");
    assert_eq!(told("a:int b:double c:time d:key"), "a/integer b/double c/unix-time d/key@0");
    assert_eq!(
        told("key destination:key@2 by:pattern@1"),
        "key/key@0 destination/key@2 by/pattern@1"
    );
    assert_eq!(told("key:pattern"), "key/pattern");
}

#[test]
fn words_stand_alone_or_before_a_value() {
    assert_eq!(told("[NX] XX"), "nx/pure-token=NX? xx/pure-token=XX");
    assert_eq!(told("equal:'=' none:''"), "equal/pure-token== none/pure-token=");
    assert_eq!(told("[EX seconds:int]"), "seconds/integer=EX?");
    assert_eq!(told("FULL [COUNT count:int]"), "full/pure-token=FULL count/integer=COUNT?");
    assert_eq!(told("LIB-NAME lib-name"), "lib-name/string=LIB-NAME");
}

#[test]
fn several_of_one() {
    assert_eq!(told("key... [arg...]"), "key/key@0* arg/string?*");
    assert_eq!(told("[WEIGHTS weight:int...]"), "weight/integer=WEIGHTS?*");
    assert_eq!(told("[GET pattern]..."), "pattern/pattern=GET?*+");
    assert_eq!(told("[a|b]..."), "a-b/oneof?*{a/string b/string}");
}

#[test]
fn groups() {
    assert_eq!(told("(a b)..."), "a-b/block*{a/string b/string}");
    assert_eq!(told("[LIMIT (a b)]"), "a-b/block=LIMIT?{a/string b/string}");
    assert_eq!(told("(unit: M|KM)"), "unit/oneof{m/pure-token=M km/pure-token=KM}");
    assert_eq!(told("(id: id...)"), "id/block{id/string*}");
    assert_eq!(told("((a|b))"), "a-b/oneof{a/string b/string}");
    assert_eq!(told("[(a b)|c]"), "a-b-c/oneof?{a-b/block{a/string b/string} c/string}");
}

#[test]
fn nonsense_is_refused() {
    let lines = [
        "(",
        "()",
        "[]",
        "a|b",
        "(a|b c)",
        "(a b|c)",
        "(a|)",
        "(a",
        "a]",
        "a:'x",
        "a:float",
        "a:",
        "a@x",
        "A B (c|d) (",
        "Get x",
        "A b:'c'",
        "…",
        "a  |",
        "|",
        "...",
        "(|a)",
        "[a)",
    ];
    for line in lines {
        assert!(parse(line).is_err(), "{line}: {:?}", parse(line));
    }
}

#[test]
fn the_least_number_of_words() {
    let least = |line| {
        let arguments = parse(line).unwrap();
        let words: usize = arguments.iter().map(Argument::words_min).sum();
        (words, arguments.iter().all(Argument::is_fixed))
    };
    assert_eq!(least("key value"), (2, true));
    assert_eq!(least("key... [x]"), (1, false));
    assert_eq!(least("FIELDS (n:int field...)"), (3, false));
    assert_eq!(least("(a|B c)"), (1, false));
    assert_eq!(least("(A b|C d)"), (2, true));
    assert_eq!(least("[key...] ([x] Y)"), (1, false));
}

#[test]
fn keys_share_the_last_spec() {
    let mut arguments = parse("key1:key (key2:key|x)").unwrap();
    arguments.iter_mut().for_each(|argument| argument.limit_key_spec(0));
    assert_eq!((arguments[0].key_spec, arguments[1].members[0].key_spec), (Some(0), Some(0)));
    assert_eq!(arguments[1].members[1].kind, ArgumentType::String);
}
