//! Producers and consumers with queues: tasks go out through one queue, and results come back through another. Shows `put`,
//! `get`, `try_get` (Python's `get_nowait`) and `get_timeout`, and a queue that is sent through a queue.
//!
//! `cargo run -p multiprocessing-rs --example queue`

use std::time::Duration;

use multiprocessing::{Process, Queue, Registry, RemoteError, serve, task};

/// A number to square, and the queue for the result.
type Order = Option<(u64, Queue<(u32, u64, u64)>)>;

/// Squares numbers until the order is `None`.
fn consume(orders: Queue<Order>) -> Result<(), RemoteError> {
    while let Some((n, results)) = orders.get()? {
        results.put((std::process::id(), n, n * n))?;
    }
    Ok(())
}

task!(Consume = fn consume(orders: Queue<Order>) -> Result<(), RemoteError>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    serve(Registry::new().with::<Consume>());

    let orders = Queue::new(Some(10))?;
    let results = Queue::new(None)?;
    assert!(results.try_get()?.is_none(), "there is nothing yet");
    assert!(results.get_timeout(Duration::from_millis(10))?.is_none());

    let consumers = [
        Process::spawn(Consume(orders.clone()))?,
        Process::spawn(Consume(orders.clone()))?,
    ];
    for n in 1..=20 {
        orders.put(Some((n, results.clone())))?;
    }
    for _ in &consumers {
        orders.put(None)?;
    }
    let mut squares = Vec::new();
    for _ in 1..=20 {
        let (_process, n, square) = results.get()?;
        squares.push((n, square));
    }
    for consumer in consumers {
        consumer.into_result()??;
    }
    squares.sort_unstable();
    for (n, square) in squares {
        println!("{n} * {n} = {square}");
    }
    Ok(())
}
