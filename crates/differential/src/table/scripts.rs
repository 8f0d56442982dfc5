//! Transactions, scripts, functions. Commands of other rows are wrapped by [`crate::scripts`].

use super::Compare::{AnyOrder, Type};
use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new("MULTI").seldom(),
    Row::new("EXEC").seldom(),
    Row::new("DISCARD").seldom(),
    Row::new("UNWATCH"),
    Row::new("EVAL script 0 [value]").often(),
    Row::new("EVAL script (1|2) key value [value]"),
    Row::new("EVAL script (int|junk) [key] [value]"),
    Row::new("EVAL_RO script (0|1) key [value]"),
    Row::new("(EVALSHA|EVALSHA_RO) digest (0|1|junk) [key] [value]"),
    Row::new("SCRIPT LOAD script"),
    Row::new("SCRIPT EXISTS {digest}"),
    Row::new("SCRIPT FLUSH [SYNC|ASYNC|junk]").seldom(),
    Row::new("SCRIPT (KILL|junk) [junk]").seldom(),
    Row::new("FUNCTION LOAD [REPLACE] library").often(),
    Row::new("FUNCTION DELETE (l1|l2|l3|junk)"),
    Row::new("FUNCTION LIST [LIBRARYNAME (l1|l*|junk)] [WITHCODE]").by(AnyOrder),
    Row::new("FUNCTION FLUSH [SYNC|ASYNC|junk]").seldom(),
    Row::new("FUNCTION DUMP").by(Type).seldom(),
    Row::new("FUNCTION RESTORE functions [FLUSH|APPEND|REPLACE|junk]"),
    Row::new("FUNCTION STATS").seldom(),
    Row::new("FUNCTION (KILL|junk) [junk]").seldom(),
    Row::new("(FCALL|FCALL_RO) (f1|f2|f3|junk) (0|1) key [value]").often(),
    Row::new("(FCALL|FCALL_RO) (f1|f2|f3) (int|junk) [key]").seldom(),
];
