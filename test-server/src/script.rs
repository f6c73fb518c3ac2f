//! What is written to a connection instead of a response, byte for byte: for answers that no HTTP library would send.
//! Knows nothing of sockets; `connection` plays it.

use std::time::Duration;

use axum::body::Bytes;

/// Bytes, pauses, and an end.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
    pub(crate) end: End,
}

/// One thing after another.
#[derive(Debug)]
pub(crate) enum Step {
    /// All at once.
    Write(Bytes),
    /// So many at a time, with a pause behind each.
    Drip {
        bytes: Bytes,
        at_a_time: usize,
        every: Duration,
    },
    /// Again and again, with a pause behind each, until the client has had enough.
    Forever { bytes: Bytes, every: Duration },
}

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// FIN.
    Close,
    /// RST.
    Reset,
    /// Nothing more, until the client goes.
    Hang,
}

impl Script {
    /// Nothing at all, and this end.
    pub(crate) fn nothing(end: End) -> Self {
        Self {
            steps: Vec::new(),
            end,
        }
    }

    /// These bytes, and this end.
    pub(crate) fn bytes(bytes: impl Into<Bytes>, end: End) -> Self {
        Self {
            steps: vec![Step::Write(bytes.into())],
            end,
        }
    }

    /// The status it begins with, if it begins with one.
    pub(crate) fn status(&self) -> Option<u16> {
        let (Step::Write(bytes) | Step::Drip { bytes, .. } | Step::Forever { bytes, .. }) =
            self.steps.first()?;
        let status = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
        std::str::from_utf8(status).ok()?.parse().ok()
    }

    /// And then this.
    pub(crate) fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// The head of an answer with a flag in it; `framing` are its header lines about the body, each with its line end.
pub(crate) fn head(framing: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: image/gif\r\n{framing}\r\n")
}

/// The head of an answer whose body has this length.
pub(crate) fn head_for(flag: &Bytes) -> String {
    head(&format!("content-length: {}\r\n", flag.len()))
}

/// The same, for a connection that is closed behind it and says so.
pub(crate) fn last_head_for(flag: &Bytes) -> String {
    head(&format!(
        "content-length: {}\r\nconnection: close\r\n",
        flag.len()
    ))
}

/// Returns the first `most` bytes, and never all of them.
pub(crate) fn cut(whole: &Bytes, most: u64) -> Bytes {
    let all_but_one = whole.len().saturating_sub(1);
    whole.slice(..usize::try_from(most).map_or(all_but_one, |most| most.min(all_but_one)))
}

/// Head and body in one.
pub(crate) fn message(head: &str, body: &[u8]) -> Bytes {
    [head.as_bytes(), body].concat().into()
}
