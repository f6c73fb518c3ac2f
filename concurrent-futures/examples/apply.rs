//! A thread that hands its heavy work to a pool of processes: `pool.apply(some_work, (args))` of the *Python Cookbook*, recipe
//! 12.9 on the global interpreter lock. In Python, the work would hold up all other threads; here, threads would do as well.
//! Then the other methods of `multiprocessing.Pool`: `map`, `imap`, `imap_unordered` and `starmap`.
//!
//! `cargo run -p concurrent-futures --example apply`

#[cfg(all(unix, feature = "processes"))]
mod apply {
    use std::error::Error;
    use std::thread;

    use concurrent_futures::{
        ExecutorExt, Future, ProcessPoolExecutor, Registry, as_completed, serve, task,
    };

    fn some_work(n: u64) -> u64 {
        (1..=n).sum()
    }

    fn add(a: i32, b: i32) -> i32 {
        a + b
    }

    task!(SomeWork = fn some_work(n: u64) -> u64);
    task!(Add = fn add(a: i32, b: i32) -> i32);

    /// Returns what `some_work` returns, computed by a process while this thread waits.
    fn apply(pool: &ProcessPoolExecutor, n: u64) -> Result<u64, Box<dyn Error + Send + Sync>> {
        let future = pool.submit(SomeWork(n))?;
        Ok(*future.result().map_err(Clone::clone)?)
    }

    pub(super) fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
        serve(Registry::new().with::<SomeWork>().with::<Add>());

        let pool = ProcessPoolExecutor::new(2)?;
        thread::scope(|scope| {
            let some_thread = scope.spawn(|| apply(&pool, 1_000_000));
            println!("apply: {}", some_thread.join().expect("it does not panic")?);
            Ok::<_, Box<dyn Error + Send + Sync>>(())
        })?;

        let sums = pool.map([1, 10, 100].map(SomeWork))?;
        println!("map: {:?}", sums.collect::<Result<Vec<_>, _>>()?);
        for sum in pool.map([1, 10].map(SomeWork))? {
            println!("imap: {}", sum?);
        }
        let futures = [1, 10, 100].map(|n| pool.submit(SomeWork(n)));
        let futures = futures.into_iter().collect::<Result<Vec<_>, _>>()?;
        let result = |future: Future<u64>| future.result().copied().map_err(Clone::clone);
        let mut unordered = as_completed(futures)
            .map(result)
            .collect::<Result<Vec<_>, _>>()?;
        unordered.sort_unstable();
        println!("imap_unordered, sorted: {unordered:?}");
        let pairs = [1, 2, 3].into_iter().zip([4, 5, 6]);
        let sums = pool.map(pairs.map(|(a, b)| Add(a, b)))?;
        println!("starmap: {:?}", sums.collect::<Result<Vec<_>, _>>()?);
        Ok(())
    }
}

#[cfg(all(unix, feature = "processes"))]
fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    apply::main()
}

#[cfg(not(all(unix, feature = "processes")))]
fn main() {
    println!("pools of processes need Unix and the feature `processes`");
}
