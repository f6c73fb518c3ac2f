//! Two processes that compute squares and print them: `Process` with a task in the place of a subclass that overrides `run`.
//!
//! `cargo run -p multiprocessing-rs --example squares`

use multiprocessing::{Process, Registry, serve, task};

fn squares(name: String, first: u32, last: u32) {
    for n in first..=last {
        println!("{name}: the square of {n} is {}", n * n);
    }
}

task!(Squares = fn squares(name: String, first: u32, last: u32));

fn main() -> Result<(), Box<dyn std::error::Error>> {
    serve(Registry::new().with::<Squares>());

    let one = Process::spawn(Squares("one".to_owned(), 1, 3))?;
    let two = Process::spawn(Squares("two".to_owned(), 4, 6))?;
    for process in [&one, &two] {
        process.join();
    }
    one.into_result()?;
    two.into_result()?;
    Ok(())
}
