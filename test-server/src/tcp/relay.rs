//! Both directions of a connection.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use tokio::net::TcpStream;

use super::half::Half;
use super::pump::{Ended, pump};
use super::shape::Shape;
use crate::connection::departure::Departure;

/// The pause before a reset, so that the bytes already written arrive first: a reset may overtake them.
const PAUSE_BEFORE_RESET: Duration = Duration::from_millis(10);

/// Passes bytes on in both directions until both have ended. A connection of which one direction stalls stays until its
/// client leaves.
pub(super) async fn relay(
    client: TcpStream,
    server: TcpStream,
    to_client: &Shape,
    to_server: &Shape,
) {
    let is_reset = {
        let mut down = pin!(pump(Half(&server), Half(&client), to_client));
        let mut up = pin!(pump(Half(&client), Half(&server), to_server));
        let (first, is_down) = tokio::select! {
            ended = &mut down => (ended, true),
            ended = &mut up => (ended, false),
        };
        let other = async { if is_down { up.await } else { down.await } };
        match first {
            Ended::Reset => true,
            Ended::Finished => match other.await {
                Ended::Reset => true,
                Ended::Finished => false,
                // The second direction is the one from the client if the first was the one to it. What the client has sent is then not read.
                Ended::Stalled if is_down => departure(&client, Departure::of_unread()).await,
                Ended::Stalled => departure(&client, Departure::new()).await,
            },
            // The client is read on, so its end is noticed.
            Ended::Stalled if is_down => stay(other, &client).await,
            Ended::Stalled => tokio::select! {
                is_reset = stay(other, &client) => is_reset,
                is_reset = departure(&client, Departure::of_unread()) => is_reset,
            },
        }
    };
    if is_reset {
        tokio::time::sleep(PAUSE_BEFORE_RESET).await;
        // If this fails, the connection is closed in the ordinary way.
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

/// Completes when a direction is reset, or when it has ended and the client has left. Returns whether it is reset.
async fn stay(direction: impl Future<Output = Ended>, client: &TcpStream) -> bool {
    match direction.await {
        Ended::Reset => true,
        Ended::Finished | Ended::Stalled => departure(client, Departure::new()).await,
    }
}

/// Completes when the client has closed its socket, which is no reset. One that sends no more may still wait for bytes.
async fn departure(client: &TcpStream, mut departure: Departure) -> bool {
    poll_fn(|context| departure.poll(client, context)).await;
    false
}
