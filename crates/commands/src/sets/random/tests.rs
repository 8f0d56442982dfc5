use crate::harness::Engine;
