//! The program `findrobots`; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Does not return in a worker process.
    #[cfg(unix)]
    concurrent_futures::serve(findrobots::app::tasks());
    findrobots::app::main(std::env::args_os()).into()
}
