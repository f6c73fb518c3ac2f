//! Measures the overhead of a task, in µs, with tasks that do nothing: submitting all and then waiting for all, `map`,
//! `as_completed`, and one round trip at a time. Also measures threadpool, rusty_pool, rayon, tokio, a thread per task,
//! and CPython if `python3` is installed.
//!
//! `cargo bench -p concurrent-futures --bench overhead`

use std::hint::black_box;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures::{MapOptions, ThreadPoolExecutor, as_completed};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

const TASKS: u32 = 100_000;
const ROUNDS: usize = 15;

fn main() {
    println!(
        "| µs per task, median of {ROUNDS} | submit, results | map | map, chunks of 1000 | as_completed | round trip |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for workers in [1, 2] {
        let executor = ThreadPoolExecutor::new(workers).expect("at least one worker");
        let figures = [
            measure(TASKS, || results(&executor)),
            measure(TASKS, || map(&executor, 1)),
            measure(TASKS, || map(&executor, 1000)),
            measure(TASKS, || completed(&executor)),
            measure(TASKS / 20, || round_trips(&executor)),
        ];
        let figures = figures.map(|figure| format!("{figure:.3}"));
        println!(
            "| this crate, {workers} workers | {} |",
            figures.join(" | ")
        );
    }
    others();
    cpython();
}

fn results(executor: &ThreadPoolExecutor) {
    let futures: Vec<_> = (0..TASKS)
        .map(|n| executor.submit(move || n).expect("the pool is open"))
        .collect();
    for future in futures {
        black_box(future.result().ok());
    }
}

fn map(executor: &ThreadPoolExecutor, chunk: usize) {
    let options = MapOptions::new().chunks(chunk);
    let results = executor.map_fn_with(options, |n| n, 0..TASKS);
    for result in results.expect("the pool is open") {
        black_box(result.ok());
    }
}

fn completed(executor: &ThreadPoolExecutor) {
    let futures: Vec<_> = (0..TASKS)
        .map(|n| executor.submit(move || n).expect("the pool is open"))
        .collect();
    for future in as_completed(futures) {
        black_box(future.result().ok());
    }
}

fn round_trips(executor: &ThreadPoolExecutor) {
    for n in 0..TASKS / 20 {
        let future = executor.submit(move || n).expect("the pool is open");
        black_box(future.result().ok());
    }
}

/// Prints the rows of other crates and `std::thread`, on two threads. They either have no futures that can be polled,
/// cancelled and waited for in any order, or do not run them on threads.
fn others() {
    queues();
    rayon();
    tokio();
    let threads = measure(TASKS / 50, || {
        (0..TASKS / 50).for_each(|n| drop(black_box(thread::spawn(move || n).join())));
    });
    println!("| std: a thread per task | {threads:.1} | | | | |");
}

/// Prints the rows of the crates whose pools have one queue.
fn queues() {
    let pool = threadpool::ThreadPool::new(2);
    let executed = measure(TASKS, || {
        channel_results(|n, sender| pool.execute(move || send(&sender, n)));
    });
    let round_trip = measure(TASKS / 20, || {
        let (sender, receiver) = channel();
        for n in 0..TASKS / 20 {
            let sender = sender.clone();
            pool.execute(move || send(&sender, n));
            black_box(receiver.recv().ok());
        }
    });
    println!(
        "| threadpool, 2 threads: execute and a channel | {executed:.3} | | | | {round_trip:.3} |"
    );

    let pool = rusty_pool::ThreadPool::new(2, 2, Duration::from_secs(60));
    let evaluated = measure(TASKS, || {
        let handles: Vec<_> = (0..TASKS).map(|n| pool.evaluate(move || n)).collect();
        for handle in handles {
            black_box(handle.await_complete());
        }
    });
    let round_trip = measure(TASKS / 20, || {
        for n in 0..TASKS / 20 {
            black_box(pool.evaluate(move || n).await_complete());
        }
    });
    println!("| rusty_pool, 2 threads: evaluate | {evaluated:.3} | | | | {round_trip:.3} |");
}

fn rayon() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    let pool = pool.expect("rayon has two threads");
    let spawned = measure(TASKS, || {
        channel_results(|n, sender| pool.spawn(move || send(&sender, n)));
    });
    let installed = measure(TASKS / 20, || {
        for n in 0..TASKS / 20 {
            black_box(pool.install(|| n));
        }
    });
    println!("| rayon, 2 threads: spawn and a channel | {spawned:.3} | | | | {installed:.3} |");

    let map = |shortest, longest| {
        measure(TASKS, || {
            let items = (0..TASKS).into_par_iter();
            let items = items.with_min_len(shortest).with_max_len(longest);
            let results: Vec<_> = pool.install(|| items.map(black_box).collect());
            black_box(results);
        })
    };
    let (single, chunks) = (map(1, 1), map(1000, 1000));
    println!("| rayon, 2 threads: par_iter | | {single:.3} | {chunks:.3} | | |");
}

fn tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(2)
        .build()
        .expect("tokio has two threads of each kind");
    let joined = measure(TASKS, || {
        tokio_results(&runtime, |n| runtime.spawn(async move { n }))
    });
    println!("| tokio, 2 threads: spawn | {joined:.3} | | | | |");
    let blocking = measure(TASKS, || {
        tokio_results(&runtime, |n| runtime.spawn_blocking(move || n));
    });
    let round_trip = measure(TASKS / 20, || {
        for n in 0..TASKS / 20 {
            black_box(runtime.block_on(runtime.spawn_blocking(move || n)).ok());
        }
    });
    println!("| tokio, 2 threads: spawn_blocking | {blocking:.3} | | | | {round_trip:.3} |");
}

/// Submits all tasks, each of which sends its result into a channel, and waits for all results.
fn channel_results(submit: impl Fn(u32, Sender<u32>)) {
    let (sender, receiver) = channel();
    for n in 0..TASKS {
        submit(n, sender.clone());
    }
    drop(sender);
    assert_eq!(receiver.iter().count(), TASKS as usize);
}

fn send(sender: &Sender<u32>, n: u32) {
    sender.send(n).expect("the receiver is alive");
}

fn tokio_results(
    runtime: &tokio::runtime::Runtime,
    spawn: impl Fn(u32) -> tokio::task::JoinHandle<u32>,
) {
    let handles: Vec<_> = (0..TASKS).map(spawn).collect();
    runtime.block_on(async {
        for handle in handles {
            black_box(handle.await.ok());
        }
    });
}

/// Returns the median time of `run`, in µs per task.
fn measure(tasks: u32, run: impl Fn()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2] * 1e6 / f64::from(tasks)
}

/// Runs `overhead.py`, which prints its rows of the table.
fn cpython() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/overhead.py");
    match Command::new("python3").arg(script).status() {
        Ok(status) if status.success() => (),
        Ok(status) => println!("\npython3: {status}"),
        Err(error) => println!("\nno CPython to compare with: {error}"),
    }
}
