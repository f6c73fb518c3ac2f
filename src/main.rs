//! The program `flags`; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    flags::app::main(std::env::args_os()).into()
}
