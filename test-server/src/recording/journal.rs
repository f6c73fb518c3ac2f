//! The last requests as they arrived, for tests that check what a client sent.
//!
//! All requests with a well-formed head are recorded, also those that are refused, except for those for control paths. A
//! journal keeps a fixed number of them, and the first part of each body.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Instant, SystemTime};

use axum::body::{Body, Bytes};
use axum::http::request;
use http_body::{Frame, SizeHint};
use serde::{Serialize, Serializer};

/// The most bytes of a body that are kept.
const LONGEST_BODY: usize = 64 << 10;

/// A request as it arrived, and what it met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// When its head arrived. In JSON in RFC 3339.
    #[serde(serialize_with = "as_rfc3339")]
    pub time: SystemTime,
    /// The same moment on the monotonic clock.
    #[serde(skip)]
    pub(crate) arrived: Instant,
    /// The number of its connection, counted from 1 since the start of the server.
    pub connection: u64,
    /// The method, such as `POST`.
    pub method: String,
    /// The path with its query, as they were sent.
    pub path: String,
    /// The headers in order of their first occurrence, with names in lower case. In JSON a list of pairs.
    pub headers: Vec<(String, String)>,
    /// The first 64 KB of the body, or all of it once the server has an expectation, as far as it has arrived. In JSON a
    /// text, in which bytes that are not UTF-8 are replaced.
    #[serde(serialize_with = "as_text")]
    pub body: Vec<u8>,
    /// How many bytes of the body have arrived.
    pub body_length: u64,
    /// The faults met so far, in order.
    pub faults: Vec<&'static str>,
    /// The status of the response, once it is known and if it has one.
    pub status: Option<u16>,
}

impl RecordedRequest {
    /// Returns the first value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }
}

fn as_rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(*time))
}

fn as_text<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(body))
}

/// The last requests of one server, or all of them.
#[derive(Debug)]
pub(crate) struct Journal {
    most: usize,
    /// Whether all requests are kept, with all of their bodies.
    keeps_all: AtomicBool,
    records: Mutex<Records>,
}

#[derive(Debug, Default)]
struct Records {
    entries: VecDeque<Entry>,
    resets: u64,
}

/// The entry of one request, which grows while the request is answered.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    record: Arc<Record>,
    longest_body: usize,
}

#[derive(Debug)]
struct Record {
    request: Mutex<RecordedRequest>,
    /// Whether no more of the body will come.
    is_complete: AtomicBool,
}

impl Journal {
    /// Creates a journal of the last `most` requests, or one that is closed if that is 0.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            keeps_all: AtomicBool::new(false),
            records: Mutex::default(),
        }
    }

    /// Keeps all later requests, because what is expected of them is not known yet.
    pub(crate) fn keep_all(&self) {
        self.keeps_all.store(true, Ordering::Release);
    }

    /// Returns whether requests are to be recorded.
    pub(crate) fn is_open(&self) -> bool {
        self.most > 0 || self.keeps_all.load(Ordering::Acquire)
    }

    /// Records a request whose head has arrived. The oldest one is dropped if the journal is full.
    pub(crate) fn record(&self, head: &request::Parts, connection: u64) -> Entry {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = head.headers.iter();
        let path = head.uri.path_and_query();
        let keeps_all = self.keeps_all.load(Ordering::Acquire);
        let request = RecordedRequest {
            time: SystemTime::now(),
            arrived: Instant::now(),
            connection,
            method: head.method.to_string(),
            path: path.map_or(String::new(), ToString::to_string),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            body: Vec::new(),
            body_length: 0,
            faults: Vec::new(),
            status: None,
        };
        let entry = Entry {
            record: Arc::new(Record {
                request: Mutex::new(request),
                is_complete: AtomicBool::new(false),
            }),
            longest_body: if keeps_all { usize::MAX } else { LONGEST_BODY },
        };
        let entries = &mut self.lock().entries;
        while !keeps_all && entries.len() >= self.most.max(1) {
            entries.pop_front();
        }
        entries.push_back(entry.clone());
        entry
    }

    /// Returns the requests, oldest first.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        let (_, entries) = self.entries_since(u64::MAX, 0);
        entries.map(|entry| entry.with(Clone::clone)).collect()
    }

    /// Returns the entries behind the first `known` since this many resets, or all of them if there have been more
    /// resets, and the number of resets.
    pub(crate) fn entries_since(
        &self,
        resets: u64,
        known: usize,
    ) -> (u64, impl Iterator<Item = Entry> + use<>) {
        let records = self.lock();
        let known = if records.resets == resets { known } else { 0 };
        let entries: Vec<_> = records.entries.iter().skip(known).cloned().collect();
        (records.resets, entries.into_iter())
    }

    /// Forgets all requests.
    pub(crate) fn reset(&self) {
        let mut records = self.lock();
        records.entries.clear();
        records.resets += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    pub(crate) fn record_fault(&self, fault: &'static str) {
        self.lock().faults.push(fault);
    }

    pub(crate) fn record_status(&self, status: u16) {
        self.lock().status = Some(status);
    }

    /// Returns a body whose bytes are recorded here as they arrive.
    pub(crate) fn watch(&self, body: Body) -> Body {
        let entry = self.clone();
        Body::new(WatchedBody { body, entry })
    }

    /// Calls a function with what is known of the request.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&RecordedRequest) -> T) -> T {
        read(&self.lock())
    }

    /// Returns whether no more of the body will come.
    pub(crate) fn is_complete(&self) -> bool {
        self.record.is_complete.load(Ordering::Acquire)
    }

    fn record_body(&self, bytes: &[u8]) {
        let mut request = self.lock();
        let room = self.longest_body.saturating_sub(request.body.len());
        request
            .body
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
        request.body_length += bytes.len() as u64;
    }

    fn lock(&self) -> MutexGuard<'_, RecordedRequest> {
        let request = &self.record.request;
        request.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of a request, whose bytes are recorded.
struct WatchedBody {
    body: Body,
    entry: Entry,
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        self.entry.record.is_complete.store(true, Ordering::Release);
    }
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.entry.record_body(data);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
