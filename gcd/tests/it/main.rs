//! The program, run as users run it.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod compare;
mod documents;
mod endings;
mod run;
mod support;
