//! Threads, shards and how commands travel between them.

use super::{choice, integer};
use crate::limits::THREADS_MAX;
use crate::row::{Mutability, Row};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "threads",
        integer!(0..=THREADS_MAX as i64, threads.threads),
        "0",
        "Core threads; 0: one per core that the process may use.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "shards",
        integer!(0..=THREADS_MAX as i64, threads.shards),
        "0",
        "Threads that also hold data; 0: all of them. The others only serve connections.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "pipeline-order",
        choice!(PipelineOrder, threads.pipeline_order),
        "strict",
        "Whether others see a pipeline's commands in order also where it spans shards.",
    ),
];
