//! The program `gcd`; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(unix)]
    concurrent_futures::serve(gcd::tasks()); // does not return in a worker process
    gcd::main(std::env::args_os()).into()
}
