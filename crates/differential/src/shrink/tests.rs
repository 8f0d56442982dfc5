//! Shrinking keeps what matters, and only that.

use super::*;

fn numbered(range: std::ops::Range<u64>) -> Vec<Step> {
    range.map(Step::Pause).collect()
}

#[test]
fn two_steps_of_a_thousand() {
    let needs = |steps: &[Step]| [17, 803].iter().all(|at| steps.contains(&Step::Pause(*at)));
    let short = shrink(numbered(0..1000), needs);
    assert_eq!(short, [Step::Pause(17), Step::Pause(803)]);
}

#[test]
fn what_cannot_shrink_stays() {
    assert_eq!(shrink(numbered(0..5), |steps| steps.len() == 5), numbered(0..5));
    assert_eq!(shrink(numbered(3..4), |_| true), numbered(3..4));
}
