//! Where a round may close.

use crate::record::Handover;

/// A step whose records have several stamps: a round closes before all of them or behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first.
    pub first_ns: u64,
    /// The last.
    pub last_ns: u64,
}

impl Gap {
    /// The last stamp of a step that is still under way: the next round asks again.
    pub const OPEN: u64 = u64::MAX;
}

/// What a thread says when a round is to close.
#[derive(Debug, Default)]
pub struct Report {
    /// Steps that came to their end since the last report.
    pub gaps: Vec<Gap>,
    /// What its shard, if it has one, has recorded since then, and which shard that is.
    pub handover: Option<(usize, Handover)>,
}

/// The highest stamp at which a round may close: nothing up to it is still to come, and no step is
/// cut in two.
pub(crate) fn cut(low_ns: u64, gaps: &mut Vec<Gap>) -> u64 {
    let mut cut = low_ns;
    while let Some(gap) = gaps.iter().find(|gap| gap.first_ns <= cut && cut < gap.last_ns) {
        cut = gap.first_ns - 1;
    }
    gaps.retain(|gap| gap.last_ns > cut && gap.last_ns != Gap::OPEN);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_is_cut_in_two() {
        let gap = |first_ns, last_ns| Gap { first_ns, last_ns };
        let mut gaps = vec![gap(5, 9), gap(3, 6), gap(1, 2)];
        assert_eq!(cut(7, &mut gaps), 2);
        assert_eq!(gaps, [gap(5, 9), gap(3, 6)]);
        assert_eq!(cut(9, &mut gaps), 9);
        assert!(gaps.is_empty());
    }
}
