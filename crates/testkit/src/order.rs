//! Is there one order of operations that keeps conflicts and real time?
//!
//! The oracle of whoever records a history: if one operation must come before another in a conflict,
//! or had ended when the other began, and these relations have no cycle, a serial order exists
//! (Adya, *Weak consistency*, 1999).

/// When an operation was asked for, and when its client had the answer, if ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The request.
    pub begin: u64,
    /// The answer.
    pub end: Option<u64>,
}

/// Operations of which each must come before the next, and the last before the first. The intervals
/// are in the order of requests; of each pair of `conflicts` the first comes first.
///
/// Real time is a chain of moments, one just before each request, so that it takes a number of
/// edges linear in the operations: answer → next moment → its request.
///
/// # Panics
/// When the requests are out of order.
pub fn find_cycle(
    intervals: &[Interval],
    conflicts: impl IntoIterator<Item = (usize, usize)>,
) -> Option<Vec<usize>> {
    assert!(intervals.is_sorted_by_key(|interval| interval.begin), "in the order of requests");
    let count = intervals.len();
    let moment = |operation: usize| count + operation;
    let mut before = vec![Vec::new(); 2 * count];
    for (first, second) in conflicts {
        before[second].push(first);
    }
    for (operation, interval) in intervals.iter().enumerate() {
        before[operation].push(moment(operation));
        if operation > 0 {
            before[moment(operation)].push(moment(operation - 1));
        }
        let Some(end) = interval.end else { continue };
        let next = intervals.partition_point(|other| other.begin < end);
        if next < count {
            before[moment(next)].push(operation);
        }
    }
    let cycle = cycle_in(&before)?;
    Some(cycle.into_iter().filter(|&node| node < count).collect())
}

/// A cycle in a graph that is given by each node's predecessors. O(nodes + edges).
fn cycle_in(before: &[Vec<usize>]) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Visit {
        Never,
        Open,
        Done,
    }
    let mut visits = vec![Visit::Never; before.len()];
    for start in 0..before.len() {
        if visits[start] != Visit::Never {
            continue;
        }
        visits[start] = Visit::Open;
        let mut path = vec![(start, before[start].iter())];
        while let Some((node, rest)) = path.last_mut() {
            let Some(&next) = rest.next() else {
                visits[*node] = Visit::Done;
                path.pop();
                continue;
            };
            match visits[next] {
                Visit::Done => {}
                Visit::Never => {
                    visits[next] = Visit::Open;
                    path.push((next, before[next].iter()));
                }
                Visit::Open => {
                    let nodes = path.iter().rev().map(|(node, _)| *node);
                    let until = nodes.clone().position(|node| node == next).unwrap_or(0);
                    return Some(nodes.take(until + 1).collect());
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(intervals: &[(u64, u64)], conflicts: &[(usize, usize)]) -> Option<Vec<usize>> {
        let interval = |&(begin, end): &(u64, u64)| Interval { begin, end: Some(end) };
        let intervals: Vec<_> = intervals.iter().map(interval).collect();
        find_cycle(&intervals, conflicts.iter().copied())
    }

    #[test]
    fn conflicts_and_real_time_must_agree() {
        assert_eq!(find(&[(1, 9), (2, 8)], &[(0, 1)]), None);
        assert_eq!(find(&[(1, 9), (2, 8)], &[(0, 1), (1, 0)]), Some(vec![1, 0]));
        // The first had ended when the second began.
        assert_eq!(find(&[(1, 2), (3, 4)], &[(1, 0)]), Some(vec![1, 0]));
        assert_eq!(find(&[(1, 3), (2, 4)], &[(1, 0)]), None);
        // By way of a third.
        assert!(find(&[(1, 2), (3, 4), (3, 9)], &[(1, 2), (2, 0)]).is_some());
    }

    #[test]
    fn what_was_never_answered_precedes_nothing() {
        let open = Interval { begin: 1, end: None };
        let later = Interval { begin: 5, end: Some(6) };
        assert_eq!(find_cycle(&[open, later], [(1, 0)]), None);
    }
}
