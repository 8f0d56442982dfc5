//! The libraries of functions that the server knows.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use script::Library;

use super::reach::Reach;

/// A known library.
pub(crate) struct Loaded {
    pub(crate) library: Arc<Library>,
    /// One for each of its functions.
    pub(crate) reaches: Vec<Reach>,
}

/// All of them, and which function is in which.
#[derive(Default)]
pub(crate) struct Shelf {
    libraries: BTreeMap<String, Arc<Loaded>>,
    /// A function's library, and its number there. Case does not count, as in Redis.
    functions: BTreeMap<String, (Arc<Loaded>, usize)>,
}

/// Why a library does not come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// There is a library with this name.
    Library(String),
    /// Another library has a function with this name.
    Function(String),
}

/// What becomes of libraries that are there when others come from a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// They go.
    Flush,
    /// They stay; none may have a name that comes.
    Append,
    /// Those go that have a name that comes.
    Replace,
}

/// The shelf that all threads share.
#[derive(Default)]
pub(crate) struct Libraries {
    shelf: RwLock<Shelf>,
}

impl Libraries {
    /// What is there now.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Shelf> {
        self.shelf.read().expect("a panic ends the process")
    }

    /// What is there now, alone: records of it come in the order of what they have seen.
    pub(crate) fn to_record(&self) -> RwLockWriteGuard<'_, Shelf> {
        self.shelf.write().expect("a panic ends the process")
    }

    /// Takes libraries in: all of them, or none. Costs what comes and what goes for it, however many
    /// others there are.
    pub(crate) fn add(&self, libraries: Vec<Library>, policy: Policy) -> Result<(), Taken> {
        let mut shelf = self.shelf.write().expect("a panic ends the process");
        let gone = match policy {
            Policy::Flush => std::mem::take(&mut *shelf).libraries.into_values().collect(),
            Policy::Append => Vec::new(),
            Policy::Replace => {
                libraries.iter().filter_map(|library| shelf.remove(library.name())).collect()
            }
        };
        let mut added = Vec::with_capacity(libraries.len());
        for library in libraries {
            let name = library.name().to_owned();
            if let Err(taken) = shelf.add(library) {
                added.iter().for_each(|name: &String| drop(shelf.remove(name)));
                gone.into_iter().for_each(|loaded| shelf.put(loaded));
                return Err(taken);
            }
            added.push(name);
        }
        Ok(())
    }

    /// Forgets a library; whether it was there.
    pub(crate) fn delete(&self, name: &[u8]) -> bool {
        let Ok(name) = std::str::from_utf8(name) else { return false };
        self.shelf.write().expect("a panic ends the process").remove(name).is_some()
    }

    /// Forgets all.
    pub(crate) fn flush(&self) {
        *self.shelf.write().expect("a panic ends the process") = Shelf::default();
    }
}

impl Shelf {
    /// How many libraries there are.
    pub(crate) fn len(&self) -> usize {
        self.libraries.len()
    }

    /// How many functions all of them have.
    pub(crate) fn function_count(&self) -> usize {
        self.functions.len()
    }

    /// What they take, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.iter().map(Library::memory_bytes).sum()
    }

    /// The libraries by their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Library> {
        self.libraries.values().map(|loaded| &*loaded.library)
    }

    /// Whether there is one with this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.libraries.contains_key(name)
    }

    /// A function's library, and its number there.
    pub(crate) fn function(&self, name: &[u8]) -> Option<(Arc<Loaded>, usize)> {
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        self.functions.get(&name).cloned()
    }

    fn add(&mut self, library: Library) -> Result<(), Taken> {
        if self.has(library.name()) {
            return Err(Taken::Library(library.name().to_owned()));
        }
        let mut functions = library.functions().iter();
        if let Some(function) =
            functions.find(|one| self.functions.contains_key(&one.name.to_ascii_lowercase()))
        {
            return Err(Taken::Function(function.name.clone()));
        }
        let reaches = library.functions().iter().map(|_| Reach::default()).collect();
        self.put(Arc::new(Loaded { library: Arc::new(library), reaches }));
        Ok(())
    }

    /// Takes in what takes nobody's name.
    fn put(&mut self, loaded: Arc<Loaded>) {
        for (at, function) in loaded.library.functions().iter().enumerate() {
            self.functions.insert(function.name.to_ascii_lowercase(), (loaded.clone(), at));
        }
        self.libraries.insert(loaded.library.name().to_owned(), loaded);
    }

    fn remove(&mut self, name: &str) -> Option<Arc<Loaded>> {
        let loaded = self.libraries.remove(name)?;
        for function in loaded.library.functions() {
            self.functions.remove(&function.name.to_ascii_lowercase());
        }
        Some(loaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(name: &str, function: &str) -> Library {
        let register = format!("redis.register_function('{function}', function() end)");
        Library::load(format!("#!lua name={name}\n{register}"), &mut |_, _| {}).unwrap()
    }

    fn names(libraries: &Libraries) -> Vec<String> {
        libraries.read().iter().map(|library| library.name().to_owned()).collect()
    }

    #[test]
    fn all_come_in_or_none() {
        let libraries = Libraries::default();
        libraries.add(vec![library("a", "f"), library("b", "g")], Policy::Append).unwrap();
        let add = |policy| libraries.add(vec![library("c", "h"), library("d", "g")], policy);
        assert_eq!(add(Policy::Append), Err(Taken::Function("g".to_owned())));
        assert_eq!(add(Policy::Replace), Err(Taken::Function("g".to_owned())));
        let flushing = vec![library("c", "h"), library("d", "h")];
        let flushed = libraries.add(flushing, Policy::Flush);
        assert_eq!(flushed, Err(Taken::Function("h".to_owned())));
        let replacing = vec![library("a", "i"), library("d", "g")];
        let replaced = libraries.add(replacing, Policy::Replace);
        assert_eq!(replaced, Err(Taken::Function("g".to_owned())));
        assert_eq!(names(&libraries), ["a", "b"]);
        assert!(libraries.read().function(b"f").is_some());
        assert_eq!(libraries.read().function_count(), 2);
        let again = libraries.add(vec![library("a", "i")], Policy::Append);
        assert_eq!(again, Err(Taken::Library("a".to_owned())));
        libraries.add(vec![library("a", "i")], Policy::Replace).unwrap();
        assert!(libraries.read().function(b"f").is_none());
        assert!(libraries.read().function(b"i").is_some());
        assert_eq!(add(Policy::Flush), Ok(()));
        assert_eq!(names(&libraries), ["c", "d"]);
        assert!(libraries.delete(b"c") && !libraries.delete(b"c"));
        assert_eq!(libraries.read().function_count(), 1);
        libraries.flush();
        assert_eq!((libraries.read().len(), libraries.read().function_count()), (0, 0));
    }
}
