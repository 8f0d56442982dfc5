//! PFDEBUG and PFSELFTEST.

use std::fmt::Write;

use command::{Args, Error, Result};
use engine::Context;
use keyspace::Edit;
use resp::Writer;
use value::hyperloglog::{self, Encoding};

use super::{CORRUPT, hll_of};
use crate::options::is;

/// PFDEBUG GETREG|DECODE|ENCODING|TODENSE key
pub(super) fn pfdebug(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let what = args.at(1);
    let mut edit = context.edit(context.key(args, 2));
    let entry = edit.entry().ok_or(Error::new("The specified key does not exist"))?;
    let (hll, encoding) = hll_of(entry)?;
    if is(what, "GETREG") {
        let registers = hyperloglog::registers(hll).map_err(|_| CORRUPT)?;
        make_dense(&mut edit)?;
        reply.array(registers.len());
        registers.iter().for_each(|register| reply.integer(i64::from(*register)));
    } else if is(what, "DECODE") {
        if encoding == Encoding::Dense {
            return Err(Error::new("HLL encoding is not sparse"));
        }
        reply.bulk(runs_text(hll).as_bytes());
    } else if is(what, "ENCODING") {
        reply.simple(match encoding {
            Encoding::Dense => "dense",
            Encoding::Sparse => "sparse",
        });
    } else if is(what, "TODENSE") {
        reply.integer(i64::from(make_dense(&mut edit)?));
    } else {
        return Err(Error::quoting("Unknown PFDEBUG subcommand '", what, "'"));
    }
    Ok(())
}

/// Makes a sparse one dense. Answers whether it was sparse.
fn make_dense(edit: &mut Edit<'_>) -> Result<bool> {
    let (hll, encoding) = hll_of(edit.entry().expect("the key exists"))?;
    if encoding == Encoding::Dense {
        return Ok(false);
    }
    let dense = hyperloglog::to_dense(hll).map_err(|_| CORRUPT)?;
    edit.set_bits(dense, edit.expire_at_ms());
    edit.silent();
    Ok(true)
}

/// Runs of zeros as `z:len`, written in two bytes as `Z:len`; of a value as `v:value,len`.
fn runs_text(hll: &[u8]) -> String {
    let mut text = String::new();
    for run in hyperloglog::runs(hll) {
        let space = if text.is_empty() { "" } else { " " };
        let written = match (run.value, run.bytes) {
            (0, 1) => write!(text, "{space}z:{}", run.len),
            (0, _) => write!(text, "{space}Z:{}", run.len),
            (value, _) => write!(text, "{space}v:{value},{}", run.len),
        };
        written.expect("a string takes it");
    }
    text
}

/// PFSELFTEST
pub(super) fn pfselftest(
    _context: &mut Context<'_>,
    _args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    hyperloglog::self_test().map_err(|wrong| Error::Coded(format!("TESTFAILED {wrong}").into()))?;
    reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests;
