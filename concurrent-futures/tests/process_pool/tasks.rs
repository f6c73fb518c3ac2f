//! The tasks that the workers of these tests can run.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use concurrent_futures::{Registry, Task};
use serde::de::Error as _;
use serde::ser::{Error as _, SerializeTuple};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) fn registry() -> Registry {
    Registry::new()
        .with::<Gate>()
        .with::<WorkerId>()
        .with::<Square>()
        .with::<Half>()
        .with::<Echo>()
        .with::<Print>()
        .with::<ReadInput>()
        .with::<Panic>()
        .with::<PanicWithNumber>()
        .with::<Exit>()
        .with::<Abort>()
        .with::<SetUp>()
        .with::<WasSetUp>()
        .with::<SetUpPanics>()
        .with::<SetUpExits>()
        .with::<SetUpForever>()
        .with::<TakeFragile>()
        .with::<ReturnFragile>()
        .with::<RunProgram>()
        .with::<ExecProgram>()
        .with::<Memory>()
        .with::<TakeNest>()
        .with::<GiveNest>()
        .with::<TakeHuge>()
        .with::<GiveHuge>()
        .with::<ProcessGroup>()
        .with::<UntilCancelled>()
}

/// Returns the memory that this process occupies, in MiB.
pub(crate) fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() >> 10
}

macro_rules! tasks {
    ($($task:ident($($field:ident: $type:ty),*) -> $output:ty $body:block)*) => {$(
        #[derive(Serialize, Deserialize)]
        pub(crate) struct $task($(pub(crate) $type),*);

        impl Task for $task {
            type Output = $output;
            const NAME: &'static str = stringify!($task);

            fn run(self) -> $output {
                let Self($($field),*) = self;
                $body
            }
        }
    )*};
}

tasks! {
    // Reports at the socket with this path, and continues when the test closes the connection.
    Gate(path: String) -> u32 {
        let mut line = UnixStream::connect(path).unwrap();
        writeln!(line, "{}", std::process::id()).unwrap();
        line.read_to_end(&mut Vec::new()).unwrap();
        std::process::id()
    }
    WorkerId() -> u32 { std::process::id() }
    Memory() -> u64 { memory() }
    Square(n: i64) -> i64 { n * n }
    ProcessGroup() -> i32 { rustix::process::getpgrp().as_raw_nonzero().get() }
    // Reports at the socket with this path, and continues when the task is cancelled. Returns what a thread of the task
    // is told.
    UntilCancelled(path: String) -> bool {
        let mut line = UnixStream::connect(path).unwrap();
        writeln!(line, "{}", std::process::id()).unwrap();
        while !concurrent_futures::current().is_cancelled() {
            std::thread::yield_now();
        }
        let of_task = concurrent_futures::current();
        std::thread::spawn(move || of_task.is_cancelled()).join().unwrap()
    }
    Half(n: u32) -> Result<u32, String> {
        if n % 2 == 0 { Ok(n / 2) } else { Err(format!("{n} is odd")) }
    }
    Echo(text: String) -> String { text }
    Print(text: String) -> () {
        println!("{text}");
        eprintln!("{text}");
    }
    ReadInput() -> usize { std::io::stdin().read_to_end(&mut Vec::new()).unwrap() }
    Panic(message: String) -> () { panic!("{message}") }
    PanicWithNumber() -> () { std::panic::panic_any(42) }
    Exit(status: i32) -> () { std::process::exit(status) }
    Abort() -> () { std::process::abort() }
    SetUp(path: String) -> () {
        let mut log = std::fs::File::options().append(true).open(path).unwrap();
        // One write, because two workers write at the same time.
        log.write_all(format!("{}\n", std::process::id()).as_bytes()).unwrap();
        WAS_SET_UP.store(true, Relaxed);
    }
    WasSetUp() -> bool { WAS_SET_UP.load(Relaxed) }
    SetUpPanics() -> () { panic!("no set-up") }
    SetUpExits() -> () { std::process::exit(5) }
    SetUpForever() -> () { loop { std::thread::park() } }
    ExecProgram(program: String) -> () {
        let error = std::process::Command::new("sh").args(["-c", &format!("exec {program}")]).exec();
        panic!("{error}");
    }
    RunProgram(program: String) -> String {
        let output = std::process::Command::new("sh").args(["-c", &program]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

static WAS_SET_UP: AtomicBool = AtomicBool::new(false);

/// The step at which a value fails on its way between processes, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fails {
    Never,
    Encoding,
    Decoding,
    EncodingByPanic,
    EncodingByAbort,
    EncodingByExit,
    DecodingByPanic,
    DecodingByAbort,
    DecodingByExit,
}

/// A value that fails to be encoded or decoded as its field says.
#[derive(Debug)]
pub(crate) struct Fragile(pub(crate) Fails);

impl Serialize for Fragile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Fails::Encoding => Err(S::Error::custom("not encoded")),
            Fails::EncodingByPanic => panic!("encoding panics"),
            Fails::EncodingByAbort => std::process::abort(),
            Fails::EncodingByExit => std::process::exit(6),
            _ => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Fragile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Fails::deserialize(deserializer)? {
            Fails::Decoding => Err(D::Error::custom("not decoded")),
            Fails::DecodingByPanic => panic!("decoding panics"),
            Fails::DecodingByAbort => std::process::abort(),
            Fails::DecodingByExit => std::process::exit(6),
            other => Ok(Self(other)),
        }
    }
}

tasks! {
    TakeFragile(fragile: Fragile) -> () { assert_eq!(fragile.0, Fails::Never) }
    ReturnFragile(fails: Fails) -> Fragile { Fragile(fails) }
}

/// A value that contains itself to some depth.
#[derive(Debug, Default)]
pub(crate) struct Nest {
    inner: Option<Box<Nest>>,
    /// Whether the encoding does without recursion, so that only the decoding meets the depth.
    flat: bool,
}

impl Nest {
    pub(crate) fn new(depth: usize, flat: bool) -> Self {
        let wrap = |inner: Self, _| Self {
            inner: Some(Box::new(inner)),
            flat,
        };
        (0..depth).fold(Self { inner: None, flat }, wrap)
    }
}

/// Without recursion: the depth is too much for a stack.
impl Drop for Nest {
    fn drop(&mut self) {
        let mut inner = self.inner.take();
        while let Some(mut nest) = inner {
            inner = nest.inner.take();
        }
    }
}

impl Serialize for Nest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.flat {
            return self.inner.serialize(serializer);
        }
        // What the encoding of nested options comes to.
        let mut bytes = serializer.serialize_tuple(0)?;
        let mut nest = self;
        while let Some(inner) = &nest.inner {
            bytes.serialize_element(&1_u8)?;
            nest = inner;
        }
        bytes.serialize_element(&0_u8)?;
        bytes.end()
    }
}

impl<'de> Deserialize<'de> for Nest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let inner = Option::deserialize(deserializer)?;
        Ok(Self { inner, flat: false })
    }
}

tasks! {
    TakeNest(nest: Nest) -> bool { nest.inner.is_some() }
    GiveNest(depth: usize, flat: bool) -> Nest { Nest::new(depth, flat) }
}

/// A value of this many bytes, and after them one that says when it is encoded.
#[derive(Debug)]
pub(crate) struct Huge(pub(crate) usize);

/// Whether the end of a [`Huge`] was encoded in this process.
pub(crate) static END_ENCODED: AtomicBool = AtomicBool::new(false);

impl Serialize for Huge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Bytes(usize);
        impl Serialize for Bytes {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(&vec![0; self.0])
            }
        }
        let mut parts = serializer.serialize_tuple(2)?;
        parts.serialize_element(&Bytes(self.0))?;
        END_ENCODED.store(true, Relaxed);
        parts.serialize_element(&0_u8)?;
        parts.end()
    }
}

impl<'de> Deserialize<'de> for Huge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (bytes, _): (String, u8) = Deserialize::deserialize(deserializer)?;
        Ok(Self(bytes.len()))
    }
}

tasks! {
    TakeHuge(huge: Huge) -> usize { huge.0 }
    GiveHuge(bytes: usize) -> Huge { Huge(bytes) }
}

/// A task that no worker has registered.
#[derive(Serialize, Deserialize)]
pub(crate) struct Unknown;

impl Task for Unknown {
    type Output = ();
    const NAME: &'static str = "unknown";
    fn run(self) {}
}
