//! The primes among a few large numbers: the example of `ProcessPoolExecutor` in the documentation of Python's
//! `concurrent.futures`. The command line selects threads or processes; a line of the program differs between the two.
//!
//! `cargo run --release -p concurrent-futures --example primes -- --executor processes`

#[cfg(all(unix, feature = "processes"))]
mod primes {
    use std::error::Error;

    use concurrent_futures::{
        Executor, ExecutorExt, ProcessPoolExecutor, Registry, ThreadPoolExecutor, serve, task,
    };

    const NUMBERS: [u64; 6] = [
        112_272_535_095_293,
        112_582_705_942_171,
        112_272_535_095_293,
        115_280_095_190_773,
        115_797_848_077_099,
        1_099_726_899_285_419,
    ];

    fn is_prime(n: u64) -> bool {
        let mut odd = (3..).step_by(2).take_while(|d| d * d <= n);
        n == 2 || (n > 2 && n % 2 == 1 && !odd.any(|d| n.is_multiple_of(d)))
    }

    task!(IsPrime = fn is_prime(n: u64) -> bool);

    /// Prints which numbers are prime. Works with any executor.
    fn print_primes(executor: &dyn Executor<IsPrime>) -> Result<(), Box<dyn Error>> {
        let results = executor.map(NUMBERS.map(IsPrime))?;
        for (n, is_prime) in NUMBERS.into_iter().zip(results) {
            println!("{n} is prime: {}", is_prime?);
        }
        Ok(())
    }

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        // Does not return in a worker process.
        serve(Registry::new().with::<IsPrime>());

        let arguments: Vec<_> = std::env::args().skip(1).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        // Only this choice differs between threads and processes.
        let executor: Box<dyn Executor<IsPrime>> = match arguments[..] {
            [] | ["--executor", "threads"] => Box::new(ThreadPoolExecutor::builder().build()?),
            ["--executor", "processes"] => Box::new(ProcessPoolExecutor::builder().build()?),
            _ => return Err("usage: primes [--executor threads|processes]".into()),
        };
        print_primes(&*executor)
    }
}

#[cfg(all(unix, feature = "processes"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    primes::main()
}

#[cfg(not(all(unix, feature = "processes")))]
fn main() {
    println!("pools of processes need Unix and the feature `processes`");
}
