//! Pipes: two ends, each of which sends values to the other.

use std::io;
use std::marker::PhantomData;
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};
use std::{fmt, iter};

use portable_task::{Bytes, RemoteError, RemoteErrorKind, decode, encode};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::connection::attachments::{attach, can_attach, collect, refuse, supply, take};
use crate::connection::{Frame, Receiver, send_with};
use crate::sync::lock;

/// Returns the two ends of a new pipe: the first sends `A` and receives `B`, the second the other way round.
///
/// ```
/// let (here, there) = multiprocessing::pipe::<&str, usize>()?;
/// let answers = std::thread::spawn(move || {
///     let there: multiprocessing::PipeEnd<usize, String> = there.retyped();
///     let word = there.recv()?;
///     there.send(word.len())
/// });
/// here.send("seventeen")?;
/// assert_eq!(here.recv()?, 9);
/// # answers.join().unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the system has no descriptors left.
///
/// # Source
/// `multiprocessing.Pipe` of Python.
pub fn pipe<A, B>() -> io::Result<(PipeEnd<A, B>, PipeEnd<B, A>)> {
    let (one, other) = UnixStream::pair()?;
    Ok((PipeEnd::new(one), PipeEnd::new(other)))
}

/// One end of a pipe, which sends `S` and receives `R`.
///
/// Values have up to 1 GiB; `send` waits while the other end does not receive and the buffer of the system is full. So two
/// processes that send each other long values at the same time, and only then receive, wait forever. When the
/// other end is closed, or its process has ended, operations fail with [`PipeError::Closed`] after what was sent has been
/// received. Dropping an end closes it.
///
/// An end travels: as a field of a task that [`Process::spawn`](crate::Process::spawn) starts, and in a value that another
/// pipe sends. Sending an end moves it. Later operations on it here fail with [`PipeError::Moved`]. Serializing it anywhere
/// else is an error.
///
/// ```standalone_crate
/// use multiprocessing::{PipeEnd, Process, Registry, pipe, serve, task};
///
/// fn double(pipe: PipeEnd<u32>) {
///     for number in pipe.iter() {
///         pipe.send(2 * number.unwrap()).unwrap();
///     }
/// }
///
/// task!(Double = fn double(pipe: PipeEnd<u32>));
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new().with::<Double>());
///
///     let (here, there) = pipe::<u32, u32>()?;
///     let process = Process::spawn(Double(there))?;
///     here.send(21)?;
///     assert_eq!(here.recv()?, 42);
///     drop(here); // the loop in the other process ends
///     process.into_result()?;
///     Ok(())
/// }
/// ```
pub struct PipeEnd<S, R = S> {
    /// `None` after it was moved to another process.
    end: RwLock<Option<End>>,
    types: PhantomData<fn(S) -> R>,
}

struct End {
    socket: UnixStream,
    /// Held while a frame is sent, so that those of two threads do not mix.
    sending: Mutex<()>,
    /// `None` while a thread receives.
    receiver: Mutex<Option<Receiver>>,
    /// Notified when a thread has received.
    returned: Condvar,
}

/// The reason why an operation on a pipe failed.
///
/// ```
/// use multiprocessing::{PipeError, pipe};
///
/// let (here, there) = pipe::<u32, u32>()?;
/// there.send(1)?;
/// drop(there);
/// assert_eq!(here.recv()?, 1);
/// assert!(matches!(here.recv(), Err(PipeError::Closed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipeError {
    /// The other end is closed, or its process has ended.
    #[error("the other end of the pipe is closed")]
    Closed,
    /// This end was moved to another process.
    #[error("this end of the pipe was moved to another process")]
    Moved,
    /// The value cannot be sent. Ends of pipes in it are closed.
    #[error("the value cannot be sent: {0}")]
    Encode(RemoteError),
    /// What was received is not a value of this type. The next value can be received.
    #[error("the value cannot be decoded: {0}")]
    Decode(RemoteError),
    /// The system failed. If this process has no room for more descriptors, the ends of pipes in the value are closed; the next
    /// value can be received.
    #[error("the pipe failed: {0}")]
    Io(io::Error),
}

impl From<io::Error> for PipeError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

impl<S, R> PipeEnd<S, R> {
    fn new(socket: UnixStream) -> Self {
        Self::with(socket, Receiver::with_descriptors(Vec::new(), Vec::new()))
    }

    fn with(socket: UnixStream, receiver: Receiver) -> Self {
        Self {
            end: RwLock::new(Some(End {
                socket,
                sending: Mutex::default(),
                receiver: Mutex::new(Some(receiver)),
                returned: Condvar::new(),
            })),
            types: PhantomData,
        }
    }

    /// Returns the same end with other types, whose encodings must be the same, such as `String` for `&str`.
    ///
    /// [`pipe`] has an example.
    pub fn retyped<S2, R2>(self) -> PipeEnd<S2, R2> {
        PipeEnd {
            end: self.end,
            types: PhantomData,
        }
    }

    /// Sends a value. Waits while the buffer of the system is full.
    ///
    /// ```
    /// let (here, there) = multiprocessing::pipe::<u32, ()>()?;
    /// here.send(42)?;
    /// assert_eq!(there.recv()?, 42);
    /// drop(there);
    /// assert!(matches!(here.send(43), Err(multiprocessing::PipeError::Closed)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PipeError::Closed`] if the other end is closed, [`PipeError::Moved`] if this one was moved,
    /// [`PipeError::Encode`] if the value cannot be encoded or has too many ends of pipes.
    pub fn send(&self, value: S) -> Result<(), PipeError>
    where
        S: Serialize,
    {
        let end = self.end();
        let end = end.as_ref().ok_or(PipeError::Moved)?;
        let mut frame = Frame::new();
        let encoded = collect(|| encode(&value, frame.body()));
        let descriptors = encoded.map_err(PipeError::Encode)?;
        // The number of the frame is that of its descriptors.
        let finished = frame.finish(descriptors.len() as u64);
        finished.map_err(|error| {
            PipeError::Encode(RemoteError::new(RemoteErrorKind::Encode, error.to_string()))
        })?;
        let _sending = lock(&end.sending);
        Ok(send_with(&end.socket, frame.as_bytes(), &descriptors)?)
    }

    /// Receives a value, and waits for it.
    ///
    /// ```
    /// let (here, there) = multiprocessing::pipe::<(), u32>()?;
    /// there.send(42)?;
    /// drop(there);
    /// assert_eq!(here.recv()?, 42);
    /// assert!(matches!(here.recv(), Err(multiprocessing::PipeError::Closed)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PipeError::Closed`] if the other end is closed and all that it has sent was received, [`PipeError::Moved`] if
    /// this end was moved, [`PipeError::Decode`] if the value is not an `R`.
    pub fn recv(&self) -> Result<R, PipeError>
    where
        R: DeserializeOwned,
    {
        let end = self.end();
        let end = end.as_ref().ok_or(PipeError::Moved)?;
        let received = end.with_receiver(None, |receiver, _| end.receive(receiver));
        received.unwrap_or(Err(PipeError::Closed))
    }

    /// Receives a value if one begins to arrive within the timeout, otherwise returns `None`. A timeout of 0 does not wait. While
    /// another thread receives, nothing arrives for this one.
    ///
    /// The timeout does not bound the time in which the rest of the value arrives: if the process that sends it is stopped
    /// meanwhile, this waits for it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (here, there) = multiprocessing::pipe::<(), u32>()?;
    /// assert_eq!(here.recv_timeout(Duration::ZERO)?, None);
    /// there.send(42)?;
    /// assert_eq!(here.recv_timeout(Duration::from_secs(1))?, Some(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`recv`](Self::recv).
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Option<R>, PipeError>
    where
        R: DeserializeOwned,
    {
        let end = self.end();
        let end = end.as_ref().ok_or(PipeError::Moved)?;
        let received = end.with_receiver(Some(timeout), |receiver, left| {
            if receiver.poll(&end.socket, left)? {
                end.receive(receiver).map(Some)
            } else {
                Ok(None)
            }
        });
        received.unwrap_or(Ok(None))
    }

    /// Returns whether there is something to receive, or there is within the timeout: a value, the first bytes of one, or the
    /// end of the pipe.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (here, there) = multiprocessing::pipe::<(), u32>()?;
    /// assert!(!here.poll(Duration::ZERO)?);
    /// drop(there);
    /// assert!(here.poll(Duration::ZERO)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PipeError::Moved`] if this end was moved, [`PipeError::Io`] if the system fails.
    pub fn poll(&self, timeout: Duration) -> Result<bool, PipeError> {
        let end = self.end();
        let end = end.as_ref().ok_or(PipeError::Moved)?;
        let polled = end.with_receiver(Some(timeout), |receiver, left| {
            Ok(receiver.poll(&end.socket, left)?)
        });
        polled.unwrap_or(Ok(false))
    }

    /// Returns the values that arrive, until the other end is closed.
    ///
    /// ```
    /// let (here, there) = multiprocessing::pipe::<(), u32>()?;
    /// (1..=3).try_for_each(|n| there.send(n))?;
    /// drop(there);
    /// let received: Result<Vec<u32>, _> = here.iter().collect();
    /// assert_eq!(received?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Result<R, PipeError>>
    where
        R: DeserializeOwned,
    {
        let mut failed = false;
        iter::from_fn(move || {
            if failed {
                return None;
            }
            match self.recv() {
                Err(PipeError::Closed) => None,
                Err(error) => {
                    // Only a value that cannot be decoded leaves the pipe as it was.
                    failed = !matches!(error, PipeError::Decode(_));
                    Some(Err(error))
                }
                value => Some(value),
            }
        })
    }

    fn end(&self) -> RwLockReadGuard<'_, Option<End>> {
        self.end.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl End {
    /// Calls `function` with the receiver and the rest of the timeout. Waits for another thread that receives. Returns `None`
    /// after the timeout.
    fn with_receiver<T>(
        &self,
        timeout: Option<Duration>,
        function: impl FnOnce(&mut Receiver, Duration) -> T,
    ) -> Option<T> {
        /// Returns the receiver also if `function` panics.
        struct Return<'e>(&'e End, Receiver);

        impl Drop for Return<'_> {
            fn drop(&mut self) {
                *lock(&self.0.receiver) = Some(std::mem::take(&mut self.1));
                self.0.returned.notify_one();
            }
        }

        let start = Instant::now();
        let left = || timeout.map(|timeout| timeout.saturating_sub(start.elapsed()));
        let mut free = lock(&self.receiver);
        let receiver = loop {
            if let Some(receiver) = free.take() {
                break receiver;
            }
            free = match left() {
                None => {
                    let waited = self.returned.wait(free);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
                Some(Duration::ZERO) => return None,
                Some(left) => {
                    let waited = self.returned.wait_timeout(free, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        };
        drop(free);
        let mut held = Return(self, receiver);
        Some(function(&mut held.1, left().unwrap_or(Duration::MAX)))
    }

    fn receive<R: DeserializeOwned>(&self, receiver: &mut Receiver) -> Result<R, PipeError> {
        let mut body = Vec::new();
        let received = receiver.receive(&self.socket, &mut body)?;
        let count = received.ok_or(PipeError::Closed)?;
        let descriptors = receiver.take_descriptors(count)?;
        supply(descriptors, || decode(&body)).map_err(PipeError::Decode)
    }
}

impl<S, R> fmt::Debug for PipeEnd<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.end() {
            Some(_) => "here",
            None => "moved",
        };
        write!(f, "PipeEnd({state})")
    }
}

const NOT_HERE: &str =
    "an end of a pipe can only be sent with a process that is started, or through a pipe";

/// An end of a pipe on its way: the index of its descriptor, and what it has received already.
#[derive(Serialize, Deserialize)]
struct Moving {
    socket: u32,
    bytes: Bytes,
    /// Those of each frame that has been received and not used.
    descriptors: Vec<Vec<u32>>,
}

/// Moves the end to the process that receives the value.
///
/// # Errors
/// If the value is not part of a task that is started or of a value that a pipe sends, if the end was moved already, or if
/// another thread is using it.
impl<S, R> Serialize for PipeEnd<S, R> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let refused = |problem: &str| {
            refuse(problem);
            Z::Error::custom(problem)
        };
        if !can_attach() {
            return Err(refused(NOT_HERE));
        }
        let Ok(mut end) = self.end.try_write() else {
            return Err(refused("another thread is using this end of the pipe"));
        };
        let Some(end) = end.take() else {
            return Err(refused("this end of the pipe was moved already"));
        };
        let receiver = end.receiver.into_inner();
        let receiver = receiver.unwrap_or_else(PoisonError::into_inner);
        // No thread receives: that would hold the lock for reading.
        let (bytes, descriptors) = receiver.unwrap_or_default().into_rest();
        let attached = |descriptor| attach(descriptor).ok_or_else(|| refused(NOT_HERE));
        let moving = Moving {
            socket: attached(end.socket.into())?,
            bytes: Bytes(bytes),
            descriptors: descriptors
                .into_iter()
                .map(|batch| batch.into_iter().map(attached).collect())
                .collect::<Result<_, _>>()?,
        };
        moving.serialize(serializer)
    }
}

impl<'de, S, R> Deserialize<'de> for PipeEnd<S, R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let moving = Moving::deserialize(deserializer)?;
        let taken = |index| {
            take(index).ok_or_else(|| D::Error::custom("the end of the pipe did not arrive"))
        };
        let socket = UnixStream::from(taken(moving.socket)?);
        let batches = moving.descriptors.into_iter();
        let descriptors: Result<_, _> = batches
            .map(|batch| batch.into_iter().map(taken).collect())
            .collect();
        let receiver = Receiver::with_descriptors(moving.bytes.0, descriptors?);
        Ok(Self::with(socket, receiver))
    }
}
