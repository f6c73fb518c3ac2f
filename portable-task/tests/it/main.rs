//! Tasks that are encoded, run by a registry and decoded, and what goes wrong on the way.
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod current;
mod registry;
