//! Judges of what concurrent clients saw: pure functions, so that they can be tested themselves.
//!
//! A recorded history goes in, a verdict comes out; no server, socket or clock is known here.

pub mod appends;
pub mod history;
pub mod invariants;
pub mod model;
