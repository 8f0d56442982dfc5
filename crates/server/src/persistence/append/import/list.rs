//! Which files Redis left: its manifest since version 7, or the one file before that.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use config::Config;

/// What a list is renamed to while ours is about to take its place.
const UNDER_WAY: &str = ".importing";
/// What files are renamed to when that is done.
const DONE: &str = ".imported";
/// A longer line is none of Redis's.
const LINE_BYTES_MAX: usize = 1024;

/// The append files of a Redis.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// The one whose name tells of all others; the name says, too, whether it was set aside before.
    pub(super) head: PathBuf,
    /// To be loaded, in this order.
    pub(super) files: Vec<PathBuf>,
    /// Those that Redis has replaced and not removed.
    history: Vec<PathBuf>,
}

impl Left {
    /// Looks for what a Redis with this configuration would load.
    pub(super) fn find(config: &Config) -> Result<Option<Self>, String> {
        let folder = super::super::folder(config);
        let name = String::from_utf8_lossy(&config.append.appendfilename).into_owned();
        let list = folder.join(format!("{name}.manifest"));
        let single = config.process.dir.join(&name);
        let mut found = Vec::new();
        for path in [list, single] {
            found.extend([path.clone(), with_ending(&path, UNDER_WAY)].into_iter().filter(
                // A folder of that name is somebody else's.
                |path| path.is_file(),
            ));
        }
        let head = match found.as_slice() {
            [] => return Ok(None),
            [head] => head.clone(),
            // Redis moves the single file into its folder, the manifest first.
            [head, file] if is_moving(head, file, &name)? => head.clone(),
            [one, other, ..] => return Err(both(one, other)),
        };
        if !original(&head).to_string_lossy().ends_with(".manifest") {
            return Ok(Some(Self { files: vec![head.clone()], head, history: Vec::new() }));
        }
        let entries = read(&head)?;
        let mut left = Self { head, files: Vec::new(), history: Vec::new() };
        for Entry { name: file, kind, .. } in entries {
            let mut path = folder.join(&file);
            if file == name && !path.exists() {
                path = config.process.dir.join(&file);
            }
            match kind {
                Kind::Base => left.files.insert(0, path),
                Kind::Increment => left.files.push(path),
                Kind::History => left.history.push(path),
            }
        }
        Ok(Some(left))
    }

    /// Whether all was loaded from it, and ours may have taken its place.
    pub(super) fn is_under_way(&self) -> bool {
        self.head.as_os_str().to_string_lossy().ends_with(UNDER_WAY)
    }

    /// From here on nobody but us takes it for what is to be loaded. Redis would not, either.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        if !self.is_under_way() {
            let aside = with_ending(&self.head, UNDER_WAY);
            fs::rename(&self.head, &aside)?;
            sync_names_of(&aside)?;
            if self.files == [self.head.clone()] {
                self.files = vec![aside.clone()];
            }
            self.head = aside;
        }
        Ok(())
    }

    /// Ours has taken its place: all files get names that say so, the list last. Answers the
    /// ending that they have now.
    pub(super) fn end(self) -> io::Result<String> {
        let list = original(&self.head);
        let endings = (1..).map(|count| match count {
            1 => DONE.to_owned(),
            count => format!("{DONE}-{count}"),
        });
        let mut free = endings.filter(|ending| !with_ending(&list, ending).exists());
        let ending = free.next().unwrap_or_default();
        for file in self.files.iter().chain(&self.history).filter(|file| **file != self.head) {
            match fs::rename(file, with_ending(file, &ending)) {
                // It may have been renamed before a crash; what is history may be gone.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.head, with_ending(&list, &ending))?;
        sync_names_of(&list)?;
        Ok(ending)
    }
}

/// Two lists of files are there, and nothing says which of them counts.
pub(super) fn both(one: &Path, other: &Path) -> String {
    format!(
        "Both {} and {} are there, and nothing says which of them has the newest data: move away \
         the one that is not to be loaded",
        one.display(),
        other.display()
    )
}

fn is_moving(list: &Path, single: &Path, name: &str) -> Result<bool, String> {
    if list.extension().is_none_or(|extension| extension != "manifest")
        || single.file_name().is_none_or(|file| file != name)
        || list.with_file_name(name).exists()
    {
        return Ok(false);
    }
    let entries = read(list)?;
    Ok(matches!(entries.as_slice(), [only] if only.kind == Kind::Base && only.name == name))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// The name that it had before it was set aside.
fn original(path: &Path) -> PathBuf {
    let name = path.to_string_lossy();
    name.strip_suffix(UNDER_WAY).map_or_else(|| path.to_owned(), PathBuf::from)
}

fn sync_names_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Base,
    Increment,
    History,
}

/// A line of a manifest.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    number: i64,
    kind: Kind,
}

/// The names in a manifest, or which line is wrong.
pub(crate) fn names(text: &[u8]) -> Result<Vec<String>, (usize, &'static str)> {
    Ok(parse(text)?.into_iter().map(|entry| entry.name).collect())
}

fn read(path: &Path) -> Result<Vec<Entry>, String> {
    let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|(line, what)| {
        format!("Bad AOF manifest file: {}, line {line}: {what}", path.display())
    })
}

/// The lines of a manifest, or which of them is wrong, in Redis's words, for those who look for
/// them in the log.
fn parse(text: &[u8]) -> Result<Vec<Entry>, (usize, &'static str)> {
    let mut entries: Vec<Entry> = Vec::new();
    if text.is_empty() {
        return Err((0, "Found an empty AOF manifest"));
    }
    for (at, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if line.starts_with(b"#") {
            continue;
        }
        let wrong = |what| (at + 1, what);
        if line.len() > LINE_BYTES_MAX {
            return Err(wrong("The AOF manifest file contains too long line"));
        }
        let Some(line) = line.strip_suffix(b"\n") else {
            return Err(wrong("The last line of the AOF manifest file is not complete"));
        };
        let entry = entry(line).map_err(wrong)?;
        match entry.kind {
            Kind::Base if entries.iter().any(|other| other.kind == Kind::Base) => {
                return Err(wrong("Found duplicate base file information"));
            }
            Kind::Increment => {
                let mut others = entries.iter().filter(|other| other.kind == Kind::Increment);
                if others.any(|other| other.number >= entry.number) {
                    return Err(wrong("Found a non-monotonic sequence number"));
                }
            }
            Kind::Base | Kind::History => {}
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(line: &[u8]) -> Result<Entry, &'static str> {
    const INVALID: &str = "Invalid AOF manifest file format";
    let words = resp::split_args(line.trim_ascii()).map_err(|_| INVALID)?;
    if words.len() < 6 || words.len() % 2 != 0 {
        return Err(INVALID);
    }
    let (mut name, mut number, mut kind) = (None, None, None);
    for pair in words.chunks(2) {
        let value = String::from_utf8(pair[1].clone()).map_err(|_| INVALID)?;
        match pair[0].to_ascii_lowercase().as_slice() {
            b"file" if value.contains('/') => return Err("File can't be a path, just a filename"),
            b"file" => name = Some(value),
            b"seq" => number = Some(value.parse().map_err(|_| INVALID)?),
            b"type" => {
                kind = Some(match value.as_str() {
                    "b" => Kind::Base,
                    "i" => Kind::Increment,
                    "h" => Kind::History,
                    _ => return Err("Unknown AOF file type"),
                });
            }
            // Later versions say more.
            _ => {}
        }
    }
    match (name, number, kind) {
        (Some(name), Some(number), Some(kind)) if !name.is_empty() && number > 0 => {
            Ok(Entry { name, number, kind })
        }
        _ => Err(INVALID),
    }
}

#[cfg(test)]
mod tests;
