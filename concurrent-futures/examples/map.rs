//! A list of greatest common divisors, first with a loop and then with `map` on a pool of processes: `map(work, data)` and
//! `pool.map(work, data)` of the *Python Cookbook*, recipe 12.8, with the numbers of an article on `concurrent.futures`.
//! The results come in the order of the inputs, whichever process is done first. Calls with two arguments, as in
//! `pool.map(foo, [1, 2, 3], [4, 5, 6])`, are zipped.
//!
//! `cargo run --release -p concurrent-futures --example map`

#[cfg(all(unix, feature = "processes"))]
mod map {
    use std::error::Error;

    use concurrent_futures::{ExecutorExt, ProcessPoolExecutor, Registry, serve, task};

    const NUMBERS: [(u64, u64); 6] = [
        (1_963_309, 2_265_973),
        (1_879_675, 2_493_670),
        (2_030_677, 3_814_172),
        (1_551_645, 2_229_620),
        (1_988_912, 4_736_670),
        (2_198_964, 7_876_293),
    ];

    /// Tries every number downwards, which is slow on purpose.
    fn gcd((a, b): (u64, u64)) -> u64 {
        let divides_both = |n: &u64| a.is_multiple_of(*n) && b.is_multiple_of(*n);
        let found = (1..=a.min(b)).rev().find(divides_both);
        found.unwrap_or(a.max(b)) // of 0 and n it is n
    }

    fn add(a: u32, b: u32) -> u32 {
        a + b
    }

    task!(Gcd = fn gcd(pair: (u64, u64)) -> u64);
    task!(Add = fn add(a: u32, b: u32) -> u32);

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        // Does not return in a worker process.
        serve(Registry::new().with::<Gcd>().with::<Add>());

        println!("one after another: {:?}", NUMBERS.map(gcd));

        let pool = ProcessPoolExecutor::new(2)?;
        let results = pool.map(NUMBERS.map(Gcd))?;
        println!(
            "on two processes: {:?}",
            results.collect::<Result<Vec<_>, _>>()?
        );

        let pairs = [1, 2, 3].into_iter().zip([4, 5, 6]);
        let sums = pool.map(pairs.map(|(a, b)| Add(a, b)))?;
        println!("over two lists: {:?}", sums.collect::<Result<Vec<_>, _>>()?);
        Ok(())
    }
}

#[cfg(all(unix, feature = "processes"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    map::main()
}

#[cfg(not(all(unix, feature = "processes")))]
fn main() {
    println!("pools of processes need Unix and the feature `processes`");
}
