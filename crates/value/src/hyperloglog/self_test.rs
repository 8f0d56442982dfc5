//! PFSELFTEST: the registers against a plain array, and estimates against what was counted.

use stdx::rng::Rng;

use super::{REGISTERS, add, add_dense, count, dense, empty, to_dense};

/// How far from the truth an estimate may be: five times the standard error.
const ERROR_MAX: f64 = 5.0 * 1.04 / 128.0;
const ELEMENTS: u64 = 100_000;

/// Checks that this machine counts rightly.
///
/// # Errors
/// What was wrong.
pub fn self_test() -> Result<(), String> {
    let mut rng = Rng::new(0);
    registers(&mut rng)?;
    estimates(rng.next_u64())
}

fn registers(rng: &mut Rng) -> Result<(), String> {
    let mut plain = [0; REGISTERS];
    let mut packed = [0; dense::BYTES];
    for round in 0..100 {
        for (index, register) in plain.iter_mut().enumerate() {
            let value = rng.below(64) as u8;
            dense::raise(&mut packed, index, value);
            *register = value.max(*register);
        }
        let mut read = [0; REGISTERS];
        dense::merge(&packed, &mut read);
        if let Some(at) = (0..REGISTERS).find(|at| plain[*at] != read[*at]) {
            let (wanted, found) = (plain[at], read[at]);
            return Err(format!("register {at} is {found} and not {wanted} in round {round}"));
        }
    }
    Ok(())
}

fn estimates(salt: u64) -> Result<(), String> {
    let mut dense = to_dense(&empty()).map_err(|_| "an empty one cannot be dense")?;
    let mut sparse = empty();
    for number in 1..=ELEMENTS {
        let element = (number ^ salt).to_le_bytes();
        add_dense(&mut dense, &element);
        if number < 1000 {
            let added = add(&mut sparse, &element, usize::MAX);
            added.map_err(|_| format!("sparse registers are corrupt at {number}"))?;
            if count(&sparse) != count(&dense) {
                return Err(format!("dense and sparse disagree at {number}"));
            }
        } else if !number.is_power_of_two() && number != ELEMENTS {
            continue;
        }
        let estimate = count(&dense).map_err(|_| "dense registers are corrupt")?;
        let allowed = (number as f64 * ERROR_MAX).max(1.0) + 1.0;
        if (estimate as f64 - number as f64).abs() > allowed {
            return Err(format!("{number} elements are estimated as {estimate}"));
        }
    }
    Ok(())
}
