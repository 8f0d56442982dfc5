//! The scripts that the server knows, by digest.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dashmap::DashMap;
use script::{Error, Source};

use super::reach::Reach;

/// Scripts that came by EVAL and are kept at most; those of SCRIPT LOAD stay. Redis's value.
const EVALUATED_MAX: usize = 500;

/// The digest of a script's body, in lower-case hexadecimal.
pub(crate) type Digest = [u8; 40];

/// A known script.
pub(crate) struct Script {
    pub(crate) source: Source,
    pub(crate) reach: Reach,
    is_loaded: AtomicBool,
}

/// All known scripts. Shared by all threads.
#[derive(Default)]
pub(crate) struct Scripts {
    by_digest: DashMap<Digest, Arc<Script>, ahash::RandomState>,
    /// Digests of those that came by EVAL, the oldest first.
    evaluated: Mutex<VecDeque<Digest>>,
    evicted: AtomicU64,
    memory_bytes: AtomicUsize,
    /// How often scripts were forgotten, for those who remember some.
    forgotten: AtomicU64,
}

impl Scripts {
    /// The script with this body; it is known afterwards. `is_loaded`: it stays until SCRIPT FLUSH.
    ///
    /// # Errors
    /// If its first line is wrong, or `compiles` says that it does not.
    pub(crate) fn learn(
        &self,
        body: &[u8],
        is_loaded: bool,
        compiles: impl FnOnce(&Source) -> Result<(), Error>,
    ) -> Result<Arc<Script>, Error> {
        let digest = script::digest(body);
        if let Some(known) = self.find(&digest) {
            if is_loaded {
                known.is_loaded.store(true, Ordering::Relaxed);
            }
            return Ok(known);
        }
        let source = Source::parse(body)?;
        compiles(&source)?;
        let script = Arc::new(Script {
            source,
            reach: Reach::default(),
            is_loaded: AtomicBool::new(is_loaded),
        });
        self.memory_bytes.fetch_add(body.len(), Ordering::Relaxed);
        self.by_digest.insert(digest, script.clone());
        if !is_loaded {
            self.make_room(digest);
        }
        Ok(script)
    }

    fn make_room(&self, newest: Digest) {
        let mut evaluated = self.evaluated.lock().expect("a panic ends the process");
        evaluated.push_back(newest);
        while evaluated.len() > EVALUATED_MAX {
            let Some(oldest) = evaluated.pop_front() else { break };
            let gone = self
                .by_digest
                .remove_if(&oldest, |_, script| !script.is_loaded.load(Ordering::Relaxed));
            if let Some((_, script)) = gone {
                self.memory_bytes.fetch_sub(script.source.body().len(), Ordering::Relaxed);
                self.evicted.fetch_add(1, Ordering::Relaxed);
                self.forgotten.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// The script of a digest, in whatever case.
    pub(crate) fn find(&self, digest: &[u8]) -> Option<Arc<Script>> {
        let mut lower: Digest = digest.try_into().ok()?;
        lower.make_ascii_lowercase();
        self.by_digest.get(&lower).map(|script| script.clone())
    }

    /// Forgets all.
    pub(crate) fn flush(&self) {
        self.by_digest.clear();
        self.evaluated.lock().expect("a panic ends the process").clear();
        self.memory_bytes.store(0, Ordering::Relaxed);
        self.forgotten.fetch_add(1, Ordering::Release);
    }

    /// Changes whenever scripts are forgotten. What was found after this was read is known as long
    /// as it stays.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Acquire)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_digest.len()
    }

    /// How many had to go to make room.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// Bytes of all bodies.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluated_scripts_make_room_and_loaded_ones_stay() {
        let scripts = Scripts::default();
        let learn = |body: &str, is_loaded| {
            scripts.learn(body.as_bytes(), is_loaded, |_| Ok(())).unwrap().source.digest().to_vec()
        };
        let loaded = learn("return 'loaded'", true);
        let first = learn("return 0", false);
        assert!(scripts.find(&first.to_ascii_uppercase()).is_some());
        (1..=EVALUATED_MAX).for_each(|number| drop(learn(&format!("return {number}"), false)));
        assert!(scripts.find(&first).is_none());
        assert!(scripts.find(&loaded).is_some());
        assert_eq!((scripts.len(), scripts.evicted()), (EVALUATED_MAX + 1, 1));
        scripts.flush();
        assert_eq!((scripts.len(), scripts.memory_bytes()), (0, 0));
    }
}
