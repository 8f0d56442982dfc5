//! The scripts that a thread ran lately, found by what clients name them by: their digests need not
//! be computed, nor a table looked into that all threads share.

use std::cell::RefCell;

use super::drive::Which;
use super::job::Known;
use super::registry::Scripts;

/// Programs rarely have more that they run all the time.
const PLACES: usize = 64;
/// Longer bodies are not compared, but digested.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// See the module. What is kept here may have been forgotten by [`Scripts`], which counts that.
#[derive(Default)]
pub(crate) struct Recent {
    random: ahash::RandomState,
    places: RefCell<Places>,
}

#[derive(Default)]
struct Places {
    /// What [`Scripts`] had forgotten when the first came.
    forgotten: u64,
    /// Each script is at the place that the hash of its body or digest says.
    scripts: Vec<Option<Known>>,
}

impl Recent {
    /// The script that a call names, if it ran lately.
    pub(super) fn find(&self, scripts: &Scripts, which: Which, word: &[u8]) -> Option<Known> {
        let place = self.place(word)?;
        let places = self.places.borrow();
        if places.forgotten != scripts.forgotten() {
            return None;
        }
        let known = places.scripts.get(place)?.as_ref()?;
        let name = match which {
            Which::Body => known.source.body(),
            Which::Digest => &known.source.digest()[..],
        };
        (name == word).then(|| known.clone())
    }

    /// Keeps what a call named; `forgotten` is what [`Scripts`] said before it gave the script.
    pub(super) fn keep(&self, forgotten: u64, word: &[u8], known: &Known) {
        let Some(place) = self.place(word) else { return };
        let mut places = self.places.borrow_mut();
        if places.forgotten != forgotten || places.scripts.is_empty() {
            *places = Places { forgotten, scripts: vec![None; PLACES] };
        }
        places.scripts[place] = Some(known.clone());
    }

    fn place(&self, word: &[u8]) -> Option<usize> {
        let fits = word.len() <= BODY_BYTES_MAX;
        fits.then(|| self.random.hash_one(word) as usize % PLACES)
    }
}
