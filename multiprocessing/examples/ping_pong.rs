//! Two processes that play ping pong through a pipe, and `poll`.
//!
//! `cargo run -p multiprocessing-rs --example ping_pong`

use std::time::Duration;

use multiprocessing::{PipeEnd, Process, Registry, RemoteError, pipe, serve, task};

fn play(name: String, pipe: PipeEnd<u32>) -> Result<(), RemoteError> {
    for ball in pipe.iter() {
        let ball = ball?;
        println!("{name} has received {ball}");
        if ball == 6 {
            break;
        }
        pipe.send(ball + 1)?;
    }
    Ok(())
}

task!(Play = fn play(name: String, pipe: PipeEnd<u32>) -> Result<(), RemoteError>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    serve(Registry::new().with::<Play>());

    let (ping, pong) = pipe::<u32, u32>()?;
    println!("something to receive: {}", ping.poll(Duration::ZERO)?);
    pong.send(1)?;
    println!(
        "something to receive: {}",
        ping.poll(Duration::from_secs(1))?
    );
    let players = [
        Process::spawn(Play("ping".to_owned(), ping))?,
        Process::spawn(Play("pong".to_owned(), pong))?,
    ];
    for player in players {
        player.into_result()??;
    }
    Ok(())
}
