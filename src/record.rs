//! The result of one item.
//!
//! A failed download is data, not an early return: one bad answer never stops the other downloads.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use safe_text::{visible, visible_start};
use serde::{Deserialize, Serialize};

use crate::item::Item;

/// The result of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The requested item, even if a redirect led to another URL.
    pub item: Item,
    /// How the download ended.
    pub outcome: Outcome,
    /// The attempts, bytes and times of the download.
    pub effort: Effort,
}

/// The attempts, bytes and times of one download.
///
/// The first two durations cover the whole download; the others belong to the last attempt. Together with the time
/// before `begun` they add up to the time from the start of the run to the end of this download.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effort {
    /// The number of attempts. A request that is repeated because its pooled connection was stale counts as one.
    pub attempts: u32,
    /// The HTTP status of the last answer.
    pub http_status: Option<u16>,
    /// The bytes read of the body of a 200, or of the rest of one; 0 for other statuses.
    pub bytes: u64,
    /// The number of bytes that were there before the last attempt, if only the rest was requested and received.
    pub continued_from: Option<u64>,
    /// The time at which this download started; `None` if it was not attempted.
    pub begun: Option<Instant>,
    /// The time spent in pauses, before the first attempt and between attempts.
    pub paused: Duration,
    /// The time spent in attempts before the last one.
    pub earlier: Duration,
    /// The time from the request to the head of the answer, connecting included.
    pub first_byte: Duration,
    /// The time from there to the last byte read of the body, including a body that is read and discarded.
    pub body: Duration,
    /// The time spent saving the flag. One above 1 MiB is written while it arrives, which is part of `body`.
    pub save: Duration,
}

/// How the download of an item ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The complete flag was downloaded and saved at this path.
    Saved(PathBuf),
    /// A complete flag was already at this path, and existing flags are skipped: no request was made.
    AlreadyThere(PathBuf),
    /// The server does not have this flag (404).
    NotFound,
    /// The download failed in any other way.
    Failed(Failure),
    /// The download was not started.
    NotAttempted,
}

/// An outcome without its details, as the tally counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The complete flag is on disk.
    Ok,
    /// The server does not have this flag.
    NotFound,
    /// The download failed.
    Error,
    /// The download was not started.
    NotAttempted,
}

impl Effort {
    /// Prepares for another attempt: adds the times of the last attempt to `earlier` and clears its fields.
    pub fn begin_anew(&mut self) {
        *self = Self {
            attempts: self.attempts,
            begun: self.begun,
            paused: self.paused,
            earlier: self.earlier + self.first_byte + self.body + self.save,
            ..Self::default()
        };
    }
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 4] = [Self::Ok, Self::NotFound, Self::Error, Self::NotAttempted];

    /// Returns the word for programs that read reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::Error => "error",
            Self::NotAttempted => "not_attempted",
        }
    }
}

impl Record {
    /// Creates a record with this outcome, without attempts or times.
    pub fn new(item: Item, outcome: Outcome) -> Self {
        Self {
            item,
            outcome,
            effort: Effort::default(),
        }
    }

    /// Returns the status under which the tally counts this record.
    pub fn status(&self) -> Status {
        match self.outcome {
            Outcome::Saved(_) | Outcome::AlreadyThere(_) => Status::Ok,
            Outcome::NotFound => Status::NotFound,
            Outcome::Failed(_) => Status::Error,
            Outcome::NotAttempted => Status::NotAttempted,
        }
    }
}

/// The largest length of a cause, in characters. A server can make its own longer: the name of each host that its
/// certificate is for is part of a message.
const LONGEST_CAUSE: usize = 300;

/// The reason why a download failed, in text that is safe to print on a terminal.
///
/// Prints as `KIND: CAUSE`, except an unexpected status, which prints as `HTTP error 503 - Service Unavailable`. The proxy of
/// the request follows, if there was one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Failure {
    kind: Kind,
    cause: String,
    /// The proxy that the request went through.
    proxy: Option<String>,
}

impl Failure {
    /// Creates a failure. The text of `cause` may come from a server, so it is made visible, and it ends
    /// after 300 characters.
    pub fn new(kind: Kind, cause: impl fmt::Display) -> Self {
        Self {
            kind,
            cause: visible_start(&cause.to_string(), LONGEST_CAUSE),
            proxy: None,
        }
    }

    /// Returns the same failure of a request that went through this proxy.
    pub fn via_proxy(self, proxy: &str) -> Self {
        Self {
            proxy: Some(visible(proxy)),
            ..self
        }
    }

    /// Returns the same failure with this text after its cause.
    pub fn with_note(self, note: impl fmt::Display) -> Self {
        Self {
            proxy: self.proxy,
            ..Self::new(self.kind, format_args!("{} ({note})", self.cause))
        }
    }

    /// Returns the kind of failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the innermost cause, without the proxy.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// Returns the proxy that the request went through, if there was one.
    pub fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::HttpStatus => f.write_str(&self.cause)?,
            kind => write!(f, "{kind}: {}", self.cause)?,
        }
        match &self.proxy {
            Some(proxy) => write!(f, " (via proxy {proxy})"),
            None => Ok(()),
        }
    }
}

/// The kinds of failure. Each has one word for messages and reports. The words do not change between versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A line of a list asks for nothing that can be fetched.
    BadLine,
    /// The connection was refused: no server listens on that port.
    ConnectRefused,
    /// No connection was established within the time limit.
    ConnectTimeout,
    /// No connection was established, for another reason.
    Connect,
    /// No address was found for the host.
    Dns,
    /// The server's certificate is not valid, or the server does not speak TLS.
    Tls,
    /// The proxy refused the request, or the environment names something that is not a proxy.
    Proxy,
    /// No complete answer arrived within the time limit.
    Timeout,
    /// The system reported another error of the network.
    Network,
    /// The connection was reset.
    Reset,
    /// The connection was closed before an answer arrived.
    ClosedEarly,
    /// The answer is not valid HTTP.
    BadResponse,
    /// The answer has a status other than 200 and 404.
    HttpStatus,
    /// There were too many redirects, or one that is not followed.
    Redirect,
    /// The connection was closed in the middle of the body; over TLS, also one that was closed without saying that the
    /// body is complete.
    Truncated,
    /// The body does not match what its headers announce.
    BadBody,
    /// The headers do not say where the body ends, so that a whole one cannot be told from a cut one.
    Unframed,
    /// The body is larger than the size limit.
    TooBig,
    /// The answer is a 200 with an empty body.
    Empty,
    /// The answer is a 200 whose body is not a GIF.
    NotGif,
    /// The GIF is cut short.
    GifCut,
    /// The GIF is followed by other bytes.
    GifTrailing,
    /// The body has another size or checksum than the list says.
    Checksum,
    /// The flag was received but could not be saved.
    WriteFailed,
    /// Too many files are open, in this process or on the whole system.
    FdLimit,
    /// The worker on another machine that was to download it has given no result.
    Lost,
    /// The download was stopped while it was in progress: by a signal, or because its result could no longer be
    /// reported.
    Interrupted,
    /// A defect of this program.
    Internal,
    /// A failure that no other kind describes: a defect of this program. When read from a report, also a kind that this version does not know.
    #[serde(other)]
    Other,
}

impl Kind {
    /// All kinds, in the order in which a download can meet them.
    pub const ALL: [Self; 29] = [
        Self::BadLine,
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::Connect,
        Self::Dns,
        Self::Tls,
        Self::Proxy,
        Self::Timeout,
        Self::Network,
        Self::Reset,
        Self::ClosedEarly,
        Self::BadResponse,
        Self::HttpStatus,
        Self::Redirect,
        Self::Truncated,
        Self::BadBody,
        Self::Unframed,
        Self::TooBig,
        Self::Empty,
        Self::NotGif,
        Self::GifCut,
        Self::GifTrailing,
        Self::Checksum,
        Self::WriteFailed,
        Self::FdLimit,
        Self::Lost,
        Self::Interrupted,
        Self::Internal,
        Self::Other,
    ];

    /// Returns whether the network, a server or a proxy caused the failure, rather than this machine.
    pub fn is_of_network(self) -> bool {
        !matches!(
            self,
            Self::BadLine
                | Self::WriteFailed
                | Self::FdLimit
                | Self::Lost
                | Self::Interrupted
                | Self::Internal
                | Self::Other
        )
    }

    /// Returns the word for messages and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::BadLine => "bad_line",
            Self::ConnectRefused => "connect_refused",
            Self::ConnectTimeout => "connect_timeout",
            Self::Connect => "connect",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::Reset => "reset",
            Self::ClosedEarly => "closed_early",
            Self::BadResponse => "bad_response",
            Self::HttpStatus => "http_status",
            Self::Redirect => "redirect",
            Self::Truncated => "truncated",
            Self::BadBody => "bad_body",
            Self::Unframed => "unframed",
            Self::TooBig => "too_big",
            Self::Empty => "empty",
            Self::NotGif => "not_gif",
            Self::GifCut => "gif_cut",
            Self::GifTrailing => "gif_trailing",
            Self::Checksum => "checksum",
            Self::WriteFailed => "write_failed",
            Self::FdLimit => "fd_limit",
            Self::Lost => "lost",
            Self::Interrupted => "interrupted",
            Self::Internal => "internal",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports are written with serde, and messages with these words.
    #[test]
    fn words_are_the_same_in_reports_and_messages() {
        let written = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        for kind in Kind::ALL {
            assert_eq!(written(serde_json::to_value(kind).unwrap()), kind.word());
        }
        for status in Status::ALL {
            assert_eq!(
                written(serde_json::to_value(status).unwrap()),
                status.word()
            );
        }
    }

    #[test]
    fn each_kind_has_a_distinct_word() {
        let words: std::collections::BTreeSet<_> = Kind::ALL.map(Kind::word).into();
        assert_eq!(words.len(), Kind::ALL.len());
    }

    #[test]
    fn failures_print_their_kind_and_cause_but_statuses_only_their_cause() {
        let refused = Failure::new(Kind::ConnectRefused, "Connection refused (os error 111)");
        assert_eq!(
            refused.to_string(),
            "connect_refused: Connection refused (os error 111)"
        );
        let status = Failure::new(Kind::HttpStatus, "HTTP error 503 - Service Unavailable");
        assert_eq!(status.to_string(), "HTTP error 503 - Service Unavailable");
    }

    #[test]
    fn control_characters_from_a_server_are_escaped() {
        let failure = Failure::new(Kind::NotGif, "\u{1b}[2J\r\n\u{9b}31mDrapeau é");
        assert_eq!(failure.cause(), "\\u{1b}[2J\\r\\n\\u{9b}31mDrapeau é");
        let reversed = Failure::new(Kind::NotGif, "\u{202e}txt\u{2028}");
        assert_eq!(reversed.cause(), "\\u{202e}txt\\u{2028}");
    }

    #[test]
    fn a_server_cannot_make_a_cause_longer_than_300_characters() {
        let names = vec!["DnsName(\"flags.example\")"; 2000].join(", ");
        let failure = Failure::new(Kind::Tls, names);
        assert_eq!(failure.cause().chars().count(), 300);
        assert!(failure.cause().ends_with('…'), "{failure}");
        let printed = failure.clone().via_proxy("proxy.example:3128").to_string();
        assert_eq!(printed, format!("{failure} (via proxy proxy.example:3128)"));
        let through_proxy = failure.via_proxy("proxy.example:3128");
        assert_eq!(through_proxy.cause().chars().count(), 300);
    }
}
