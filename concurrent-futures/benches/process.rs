//! Measures the overhead of a task in a pool of processes: one after the other, many at a time, and the first. Measures
//! CPython's `ProcessPoolExecutor` and `multiprocessing.Pool` in the same run if `python3` is installed.
//!
//! `cargo bench -p concurrent-futures --bench process`

#[cfg(all(unix, feature = "processes"))]
mod bench {
    use std::error::Error;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use concurrent_futures::{Bytes, ProcessPoolExecutor, Registry, Task, serve, task};
    use serde::{Deserialize, Serialize};

    const ROUNDS: usize = 7;
    const BULK: u64 = 50_000;
    const ROUND_TRIPS: u64 = 2_000;
    const MEGABYTES: u64 = 100;

    #[derive(Serialize, Deserialize)]
    struct Square(u64);

    impl Task for Square {
        type Output = u64;
        const NAME: &'static str = "square";

        fn run(self) -> u64 {
            self.0 * self.0
        }
    }

    fn echo(bytes: Bytes) -> Bytes {
        bytes
    }

    task!(Echo = fn echo(bytes: Bytes) -> Bytes);

    type Outcome<T> = Result<T, Box<dyn Error>>;

    fn pool(workers: usize, window: usize) -> Outcome<ProcessPoolExecutor> {
        let builder = ProcessPoolExecutor::builder();
        Ok(builder.max_workers(workers).window(window).build()?)
    }

    /// Returns a pool whose workers have all started.
    fn warm_pool(workers: usize, window: usize) -> Outcome<ProcessPoolExecutor> {
        let executor = pool(workers, window)?;
        bulk(&executor, 1000)?;
        Ok(executor)
    }

    /// Submits all tasks, then takes all results. Returns the time per task, in µs.
    fn bulk(executor: &ProcessPoolExecutor, tasks: u64) -> Outcome<f64> {
        let start = Instant::now();
        let futures: Vec<_> = (0..tasks)
            .map(|n| executor.submit(Square(n)))
            .collect::<Result<_, _>>()?;
        for (n, future) in (0..).zip(&futures) {
            assert_eq!(future.result(), Ok(&(n * n)));
        }
        Ok(micros(start.elapsed()) / tasks as f64)
    }

    /// Submits each task when the previous one has its result. Returns the time per task, in µs.
    fn round_trips(executor: &ProcessPoolExecutor) -> Outcome<f64> {
        let start = Instant::now();
        for n in 0..ROUND_TRIPS {
            assert_eq!(executor.submit(Square(n))?.result(), Ok(&(n * n)));
        }
        Ok(micros(start.elapsed()) / ROUND_TRIPS as f64)
    }

    /// Sends a megabyte there and back, again and again. Returns the time per task, in µs.
    fn megabytes(executor: &ProcessPoolExecutor) -> Outcome<f64> {
        let megabyte = Bytes(vec![7; 1_000_000]);
        let start = Instant::now();
        for _ in 0..MEGABYTES {
            let future = executor.submit(Echo(megabyte.clone()))?;
            assert!(future.result().is_ok_and(|bytes| *bytes == megabyte));
        }
        Ok(micros(start.elapsed()) / MEGABYTES as f64)
    }

    /// Returns the time from creating a pool to the first results of its two workers, in µs.
    fn start() -> Outcome<f64> {
        let start = Instant::now();
        let executor = pool(2, 1)?;
        let futures = [executor.submit(Square(2))?, executor.submit(Square(3))?];
        for future in &futures {
            assert!(future.result().is_ok());
        }
        Ok(micros(start.elapsed()))
    }

    fn median(mut measure: impl FnMut() -> Outcome<f64>) -> Outcome<f64> {
        let mut times: Vec<f64> = (0..ROUNDS).map(|_| measure()).collect::<Outcome<_>>()?;
        times.sort_by(f64::total_cmp);
        Ok(times[ROUNDS / 2])
    }

    fn micros(time: Duration) -> f64 {
        time.as_secs_f64() * 1e6
    }

    /// The same measurements in CPython. Each line of the output has a name, a tab and microseconds.
    const PYTHON: &str = r#"
import multiprocessing, statistics, time
from concurrent.futures import ProcessPoolExecutor

def square(n): return n * n

def bulk(executor, tasks=5000):
    start = time.perf_counter()
    for future in [executor.submit(square, n) for n in range(tasks)]: future.result()
    return (time.perf_counter() - start) / tasks

def round_trips(executor, tasks=1000):
    start = time.perf_counter()
    for n in range(tasks): executor.submit(square, n).result()
    return (time.perf_counter() - start) / tasks

megabyte = b"\7" * 1_000_000

def echo(value): return value

def megabytes(executor, tasks=100):
    start = time.perf_counter()
    for n in range(tasks): assert executor.submit(echo, megabyte).result() == megabyte
    return (time.perf_counter() - start) / tasks

def start_two():
    start = time.perf_counter()
    executor = ProcessPoolExecutor(2)
    for future in [executor.submit(square, 2), executor.submit(square, 3)]: future.result()
    took = time.perf_counter() - start
    executor.shutdown()
    return took

def pool_bulk(pool, tasks=5000):
    start = time.perf_counter()
    pool.map(square, range(tasks), chunksize=1)
    return (time.perf_counter() - start) / tasks

def pool_round_trips(pool, tasks=1000):
    start = time.perf_counter()
    for n in range(tasks): pool.apply(square, (n,))
    return (time.perf_counter() - start) / tasks

def pool_megabytes(pool, tasks=100):
    start = time.perf_counter()
    for n in range(tasks): assert pool.apply(echo, (megabyte,)) == megabyte
    return (time.perf_counter() - start) / tasks

def pool_start_two():
    start = time.perf_counter()
    pool = multiprocessing.Pool(2)
    for result in [pool.apply_async(square, (2,)), pool.apply_async(square, (3,))]: result.get()
    took = time.perf_counter() - start
    pool.terminate()
    return took

def report(what, measure):
    print(what, statistics.median(measure() for _ in range(5)) * 1e6, sep="\t")

for workers in 1, 2:
    with ProcessPoolExecutor(workers) as executor:
        bulk(executor, 100)
        report(f"bulk {workers}", lambda: bulk(executor))
        report(f"round trip {workers}", lambda: round_trips(executor))
        report(f"megabyte {workers}", lambda: megabytes(executor))
    with multiprocessing.Pool(workers) as pool:
        pool_bulk(pool, 100)
        report(f"Pool bulk {workers}", lambda: pool_bulk(pool))
        report(f"Pool round trip {workers}", lambda: pool_round_trips(pool))
        report(f"Pool megabyte {workers}", lambda: pool_megabytes(pool))
report("start", start_two)
report("Pool start", pool_start_two)
"#;

    /// Runs the measurements in CPython. Returns nothing if it is not installed.
    fn python() -> Vec<(String, f64)> {
        let output = Command::new("python3").args(["-c", PYTHON]).output();
        let Ok(output) = output else {
            return Vec::new();
        };
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let figure = |line: &str| {
            let (what, time) = line.split_once('\t')?;
            Some((what.to_owned(), time.parse().ok()?))
        };
        lines.lines().filter_map(figure).collect()
    }

    pub(super) fn main() -> Outcome<()> {
        serve(Registry::new().with::<Square>().with::<Echo>());

        let python = python();
        let print = |what: &str, time: f64, in_python: &str| {
            let beside = |in_python: &str| {
                let theirs = python.iter().find(|(name, _)| name == in_python);
                theirs.map_or_else(String::new, |(_, theirs)| {
                    format!("{theirs:>12.1} {:>7.1}", theirs / time)
                })
            };
            let (executor, pool) = (beside(in_python), beside(&format!("Pool {in_python}")));
            println!("{what:<42} {time:>10.2} {executor} {pool}");
        };
        println!(
            "{:<42} {:>10} {:>12} {:>7} {:>12} {:>7}",
            "", "us", "executor us", "ratio", "Pool us", "ratio"
        );
        for workers in [1, 2] {
            for window in [1, 4, 64] {
                let executor = warm_pool(workers, window)?;
                let time = median(|| bulk(&executor, BULK))?;
                let what = format!("a task of many, {workers} workers, window({window})");
                print(&what, time, &format!("bulk {workers}"));
            }
            let executor = warm_pool(workers, 1)?;
            let time = median(|| round_trips(&executor))?;
            let what = format!("one task after the other, {workers} workers");
            print(&what, time, &format!("round trip {workers}"));
            let time = median(|| megabytes(&executor))?;
            let what = format!("a megabyte there and back, {workers} workers");
            print(&what, time, &format!("megabyte {workers}"));
        }
        print(
            "two workers started, with first tasks",
            median(start)?,
            "start",
        );
        Ok(())
    }
}

#[cfg(all(unix, feature = "processes"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    bench::main()
}

#[cfg(not(all(unix, feature = "processes")))]
fn main() {
    println!("pools of processes need Unix and the feature `processes`");
}
