//! Passes the bytes of one direction on, late, slowly, in slices, corrupted or only in part.
//!
//! One half reads and notes when each piece is due, the other one writes. So a latency delays bytes without limiting how
//! many are on their way, up to [`QUEUE`] pieces.

use std::io;
use std::iter::Peekable;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::shape::{End, Shape};

/// The most pieces that are on their way.
const QUEUE: usize = 64;

/// The longest piece, in bytes.
const PIECE: usize = 16 << 10;

/// The most pieces a second that a rate is divided into. Each piece has at least one byte.
const PIECES_A_SECOND: u64 = 50;

/// How far a rate may be behind and still catch up.
const LONGEST_CATCH_UP: Duration = Duration::from_millis(100);

/// How a direction has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With the end of its stream, which has been passed on, or with that of the plan.
    Finished,
    /// It passes nothing on any more.
    Stalled,
    /// Both connections are to be reset: the plan says so, or one of them broke.
    Reset,
}

/// Bytes on their way.
struct Piece {
    due: Instant,
    bytes: Vec<u8>,
}

/// Passes the bytes of one direction on until it ends.
pub(super) async fn pump(
    from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    shape: &Shape,
) -> Ended {
    let mut to = to;
    if shape.changes_nothing() {
        return copy(from, to).await.unwrap_or(Ended::Reset);
    }
    let (sender, receiver) = mpsc::channel(QUEUE);
    // The sender ends with the reading half, and with it the writing half.
    let (read, written) = tokio::join!(read(from, sender, shape), write(receiver, &mut to, shape));
    match (read, written) {
        (Ok((mut from, end)), Ok(())) => match end {
            Some(End::Reset) => Ended::Reset,
            Some(End::Stall) => Ended::Stalled,
            Some(End::HalfClose) => {
                let _ = to.shutdown().await;
                // The sender does not learn of it.
                while from.read(&mut [0; 512]).await.is_ok_and(|count| count > 0) {}
                Ended::Finished
            }
            None => {
                // If this fails, the receiver has left, and the other direction ends as well.
                let _ = to.shutdown().await;
                Ended::Finished
            }
        },
        _ => Ended::Reset,
    }
}

/// Passes all bytes on at once.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> io::Result<Ended> {
    let mut buffer = vec![0; PIECE];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            // If this fails, the receiver has left, and the other direction ends as well.
            let _ = to.shutdown().await;
            return Ok(Ended::Finished);
        }
        to.write_all(&buffer[..count]).await?;
    }
}

/// Waits until this time. A timer ends at a whole millisecond, so there is none for a time that has come.
async fn wait_until(time: Instant) {
    if time > Instant::now() {
        sleep_until(time).await;
    }
}

/// Reads until the end of the stream, or that of the plan, which is returned.
async fn read<R: AsyncRead + Unpin>(
    mut from: R,
    queue: mpsc::Sender<Piece>,
    shape: &Shape,
) -> io::Result<(R, Option<End>)> {
    let (mut position, mut last_due) = (0_u64, Instant::now());
    let mut buffer = vec![0; PIECE];
    loop {
        let left = match shape.end {
            Some((bytes, end)) if bytes == position => return Ok((from, Some(end))),
            Some((bytes, _)) => usize::try_from(bytes - position)
                .unwrap_or(PIECE)
                .min(PIECE),
            None => PIECE,
        };
        let count = from.read(&mut buffer[..left]).await?;
        if count == 0 {
            wait_until(last_due.max(Instant::now() + shape.latency)).await;
            return Ok((from, None));
        }
        // As long as they are: many short pieces may be on their way.
        let mut bytes = buffer[..count].to_vec();
        if let Some(byte) = shape
            .corrupt
            .and_then(|number| number.checked_sub(position + 1))
            && let Some(byte) = usize::try_from(byte).ok().and_then(|at| bytes.get_mut(at))
        {
            *byte = !*byte;
        }
        let mut latencies = match &shape.jitter {
            Some(jitter) => jitter.of(position, count),
            None => vec![(count, Duration::ZERO)],
        }
        .into_iter()
        .peekable();
        position += count as u64;
        let earliest = Instant::now() + shape.latency;
        while let Some((length, due)) = next_due(&mut latencies, earliest, last_due) {
            let rest = bytes.split_off(length);
            last_due = due;
            let piece = Piece { due, bytes };
            if queue.send(piece).await.is_err() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            bytes = rest;
        }
    }
}

/// Takes the next bytes that are due at the same time off these further latencies. Returns their number, and when they are
/// due: bytes never overtake each other.
fn next_due(
    latencies: &mut Peekable<impl Iterator<Item = (usize, Duration)>>,
    earliest: Instant,
    last_due: Instant,
) -> Option<(usize, Instant)> {
    let (mut length, further) = latencies.next()?;
    let due = last_due.max(earliest + further);
    while let Some((more, _)) = latencies.next_if(|(_, further)| earliest + *further <= due) {
        length += more;
    }
    Some((length, due))
}

/// Writes what is in the queue, until its sender ends.
async fn write(
    mut queue: mpsc::Receiver<Piece>,
    to: &mut (impl AsyncWrite + Unpin),
    shape: &Shape,
) -> io::Result<()> {
    let longest = shape
        .bytes_a_second
        .map(|rate| (rate / PIECES_A_SECOND).max(1));
    let sliced = shape.slices.map(|slices| slices.bytes);
    let longest = longest.into_iter().chain(sliced).min();
    let longest = longest.map_or(PIECE, |bytes| usize::try_from(bytes).unwrap_or(PIECE));
    let (mut paced_until, mut next_slice) = (Instant::now(), Instant::now());
    while let Some(Piece { due, bytes }) = queue.recv().await {
        wait_until(due).await;
        for part in bytes.chunks(longest) {
            if let Some(rate) = shape.bytes_a_second {
                let earliest = Instant::now().checked_sub(LONGEST_CATCH_UP);
                let from = earliest.map_or(paced_until, |earliest| paced_until.max(earliest));
                paced_until = from + Duration::from_secs_f64(part.len() as f64 / rate as f64);
                wait_until(paced_until).await;
            }
            if let Some(slices) = shape.slices {
                wait_until(next_slice).await;
                next_slice = Instant::now() + slices.pause;
            }
            to.write_all(part).await?;
        }
    }
    Ok(())
}
