//! What became of one country code. A failed flag is data, not an early return: one bad answer never stops the others.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::country::CountryCode;

/// One code, what became of it, and what that took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The code that was asked for, whatever URL a redirect led to.
    pub code: CountryCode,
    /// What became of it.
    pub outcome: Outcome,
    /// What it took.
    pub effort: Effort,
}

/// How often a flag was asked for, what came, and where the time went.
///
/// The durations are those of the last attempt, but for the first two. Together with the time until the turn came they are
/// all the time there was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effort {
    /// How often the server was asked. A request that was made again because its connection had gone stale is one.
    pub attempts: u32,
    /// The status of the last answer.
    pub http_status: Option<u16>,
    /// The bytes of its body that were read.
    pub bytes: u64,
    /// When the turn of this code came; never, if it was not attempted.
    pub begun: Option<Instant>,
    /// Pauses, before the first attempt and between attempts.
    pub paused: Duration,
    /// Attempts before the last one.
    pub earlier: Duration,
    /// From the request to the head of the answer, connecting included.
    pub first_byte: Duration,
    /// From there to the last byte that was read of the body, wanted or not.
    pub body: Duration,
    /// Checking and saving.
    pub save: Duration,
}

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The flag is on disk, whole.
    Saved(PathBuf),
    /// A whole flag was on disk before, and that was enough; nothing was asked for.
    AlreadyThere(PathBuf),
    /// The server says that it has no such flag.
    NotFound,
    /// Anything else that a request can end in.
    Failed(Failure),
    /// No request was made.
    NotAttempted,
}

/// An outcome without its particulars, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The flag is on disk.
    Ok,
    /// The server has no such flag.
    NotFound,
    /// Failed.
    Error,
    /// Never begun.
    NotAttempted,
}

impl Effort {
    /// There will be another attempt.
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
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ok, Self::NotFound, Self::Error, Self::NotAttempted];

    /// The word for programs that read reports.
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
    /// A record of this outcome, which took nothing.
    pub fn new(code: CountryCode, outcome: Outcome) -> Self {
        Self {
            code,
            outcome,
            effort: Effort::default(),
        }
    }

    /// How the code is counted.
    pub fn status(&self) -> Status {
        match self.outcome {
            Outcome::Saved(_) | Outcome::AlreadyThere(_) => Status::Ok,
            Outcome::NotFound => Status::NotFound,
            Outcome::Failed(_) => Status::Error,
            Outcome::NotAttempted => Status::NotAttempted,
        }
    }
}

/// Why a flag could not be had, in words fit for a terminal.
///
/// Prints as `KIND: CAUSE`, except an unexpected status, which prints as `HTTP error 503 - Service Unavailable`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Failure {
    kind: Kind,
    cause: String,
}

impl Failure {
    /// A failure of this kind. Control characters in `cause` are escaped: it may come from a server.
    pub fn new(kind: Kind, cause: impl fmt::Display) -> Self {
        let cause = cause.to_string();
        let printable = cause.chars().flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = (!c.is_control()).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        });
        Self {
            kind,
            cause: printable.collect(),
        }
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What exactly happened: the innermost cause.
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::HttpStatus => f.write_str(&self.cause),
            kind => write!(f, "{kind}: {}", self.cause),
        }
    }
}

/// The sorts of failure. Each has one word that does not change, for messages and for programs that read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Nobody listens there.
    ConnectRefused,
    /// No connection in time.
    ConnectTimeout,
    /// No connection, for another reason.
    Connect,
    /// The host has no address.
    Dns,
    /// The other side cannot prove who it is, or does not speak TLS.
    Tls,
    /// No complete answer in time.
    Timeout,
    /// The connection was reset.
    Reset,
    /// The connection was closed before an answer.
    ClosedEarly,
    /// What came is not HTTP.
    BadResponse,
    /// A status other than 200 and 404.
    HttpStatus,
    /// Too many redirects.
    Redirect,
    /// The connection was closed in mid-body.
    Truncated,
    /// The body is not what its head announces.
    BadBody,
    /// More bytes than any flag has.
    TooBig,
    /// 200, and nothing with it.
    Empty,
    /// 200, and something other than a GIF.
    NotGif,
    /// A GIF without its end.
    GifCut,
    /// A GIF, and something behind its end.
    GifTrailing,
    /// The flag came and could not be saved.
    WriteFailed,
    /// This program has too many files open.
    FdLimit,
    /// Stopped while it was under way: by a signal, or because nobody could be told any more.
    Interrupted,
    /// A fault of this program.
    Internal,
    /// A failure that none of the others describes. In a report, also a kind that this version does not know.
    #[serde(other)]
    Other,
}

impl Kind {
    /// All of them, in the order in which a download can meet them.
    pub const ALL: [Self; 23] = [
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::Connect,
        Self::Dns,
        Self::Tls,
        Self::Timeout,
        Self::Reset,
        Self::ClosedEarly,
        Self::BadResponse,
        Self::HttpStatus,
        Self::Redirect,
        Self::Truncated,
        Self::BadBody,
        Self::TooBig,
        Self::Empty,
        Self::NotGif,
        Self::GifCut,
        Self::GifTrailing,
        Self::WriteFailed,
        Self::FdLimit,
        Self::Interrupted,
        Self::Internal,
        Self::Other,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::ConnectRefused => "connect_refused",
            Self::ConnectTimeout => "connect_timeout",
            Self::Connect => "connect",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::ClosedEarly => "closed_early",
            Self::BadResponse => "bad_response",
            Self::HttpStatus => "http_status",
            Self::Redirect => "redirect",
            Self::Truncated => "truncated",
            Self::BadBody => "bad_body",
            Self::TooBig => "too_big",
            Self::Empty => "empty",
            Self::NotGif => "not_gif",
            Self::GifCut => "gif_cut",
            Self::GifTrailing => "gif_trailing",
            Self::WriteFailed => "write_failed",
            Self::FdLimit => "fd_limit",
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

    #[test]
    fn each_kind_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = Kind::ALL.map(Kind::word).into();
        assert_eq!(words.len(), Kind::ALL.len());
    }

    #[test]
    fn a_failure_prints_its_kind_and_cause_but_a_status_stands_alone() {
        let refused = Failure::new(Kind::ConnectRefused, "Connection refused (os error 111)");
        assert_eq!(
            refused.to_string(),
            "connect_refused: Connection refused (os error 111)"
        );
        let status = Failure::new(Kind::HttpStatus, "HTTP error 503 - Service Unavailable");
        assert_eq!(status.to_string(), "HTTP error 503 - Service Unavailable");
    }

    #[test]
    fn what_a_server_sends_cannot_steer_a_terminal() {
        let failure = Failure::new(Kind::NotGif, "\u{1b}[2J\r\n\u{9b}31mDrapeau é");
        assert_eq!(failure.cause(), "\\u{1b}[2J\\r\\n\\u{9b}31mDrapeau é");
    }
}
