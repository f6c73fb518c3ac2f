//! Single calls, each with a future for its result: `pool.submit(work, arg)` and `future_result.result()` of the *Python
//! Cookbook*, recipe 12.8, and the program of an article on `concurrent.futures` that submits a call for each pair of numbers.
//! Unlike `map`, `submit` mixes calls of different functions.
//!
//! `cargo run --release -p concurrent-futures --example submit`

#[cfg(all(unix, feature = "processes"))]
mod submit {
    use std::error::Error;

    use concurrent_futures::{ProcessPoolExecutor, Registry, serve, task};

    const NUMBERS: [(u64, u64); 6] = [
        (1_963_309, 2_265_973),
        (1_879_675, 2_493_670),
        (2_030_677, 3_814_172),
        (1_551_645, 2_229_620),
        (1_988_912, 4_736_670),
        (2_198_964, 7_876_293),
    ];

    /// Tries every number downwards, which is slow on purpose.
    fn gcd(a: u64, b: u64) -> u64 {
        let divides_both = |n: &u64| a.is_multiple_of(*n) && b.is_multiple_of(*n);
        let found = (1..=a.min(b)).rev().find(divides_both);
        found.unwrap_or(a.max(b)) // of 0 and n it is n
    }

    fn repeat(text: String, times: usize) -> String {
        text.repeat(times)
    }

    task!(Gcd = fn gcd(a: u64, b: u64) -> u64);
    task!(Repeat = fn repeat(text: String, times: usize) -> String);

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        // Does not return in a worker process.
        serve(Registry::new().with::<Gcd>().with::<Repeat>());

        let pool = ProcessPoolExecutor::new(2)?;
        let mut futures = Vec::new();
        for (a, b) in NUMBERS {
            futures.push(pool.submit(Gcd(a, b))?);
        }
        let words = pool.submit(Repeat("flag ".to_owned(), 3))?;

        let mut results = Vec::new();
        for future in futures {
            // Waits until this call is done.
            results.push(*future.result().map_err(Clone::clone)?);
        }
        println!("results: {results:?}");
        println!("another function: {:?}", words.result());
        Ok(())
    }
}

#[cfg(all(unix, feature = "processes"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    submit::main()
}

#[cfg(not(all(unix, feature = "processes")))]
fn main() {
    println!("pools of processes need Unix and the feature `processes`");
}
