//! Measures what a task costs, and a byte of its value: `measure URL [TASKS]`, beside running workers of the example `worker`.

#[path = "../tests/it/tasks.rs"]
#[expect(dead_code, reason = "one of the tasks is enough")]
mod tasks;

use std::error::Error;
use std::time::Instant;

use concurrent_futures::{ExecutorExt, MapOptions};
use nats_executor::{NatsExecutor, NatsOptions};
use tasks::{Large, Noop};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: measure URL [TASKS]")?;
    let tasks: u64 = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let executor = NatsExecutor::connect(&url, NatsOptions::new())?;
    executor.submit(Noop(0))?.result().map_err(Clone::clone)?;
    let began = Instant::now();
    const ROUND_TRIPS: u32 = 200;
    for n in 0..ROUND_TRIPS {
        executor
            .submit(Noop(n.into()))?
            .result()
            .map_err(Clone::clone)?;
    }
    println!(
        "{:>9.1} us for a round trip",
        began.elapsed().as_secs_f64() * 1e6 / f64::from(ROUND_TRIPS)
    );
    for chunk in [1, 10, 100] {
        let began = Instant::now();
        let options = MapOptions::new().chunks(chunk).buffered(5000);
        let results = executor.map_with(options, (0..tasks).map(Noop))?;
        let mut sum = 0;
        for result in results {
            sum += result?;
        }
        let elapsed = began.elapsed();
        assert_eq!(
            sum,
            tasks * (tasks - 1) / 2,
            "every task has its own result"
        );
        let each = elapsed.as_secs_f64() * 1e6 / tasks as f64;
        println!("{each:>9.1} us per task, {tasks} tasks in chunks of {chunk}");
    }
    for bytes in [500_000, 5_000_000] {
        let count = 100_000_000 / bytes;
        let began = Instant::now();
        let tasks = std::iter::repeat_n(bytes, count).map(Large);
        let values = executor.map_with(MapOptions::new().buffered(8), tasks)?;
        let mut received = 0;
        for value in values {
            received += value?.len();
        }
        let rate = received as f64 / 1e6 / began.elapsed().as_secs_f64();
        println!("{rate:>9.0} MB/s in values of {bytes} bytes");
    }
    Ok(())
}
