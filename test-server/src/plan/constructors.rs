//! The constructors of faults as Rust values: one for each entry in the table of faults, under the same name.

use std::time::Duration;

use super::typed::Fault;
use crate::fault::{Argument, Delay, MAX_DURATION, MOST_HEADERS};

/// Defines the constructors of faults that take no argument, or a number of something, or a duration.
macro_rules! constructors {
    ($($(#[$doc:meta])* $function:ident($($argument:ident: $kind:ident)?) => $name:literal;)*) => {
        $(
            $(#[$doc])*
            pub fn $function($($argument: $kind)?) -> Self {
                Self::named($name, constructors!(@argument $($argument: $kind)?))
            }
        )*
    };
    (@argument) => { Argument::Nothing };
    (@argument $argument:ident: u64) => { Argument::Number($argument.max(1)) };
    (@argument $argument:ident: Duration) => { Argument::Duration($argument.min(MAX_DURATION)) };
}

impl Fault {
    constructors! {
        /// 200 and a body of no bytes.
        empty() => "empty";
        /// 204.
        no_content() => "no-content";
        /// 206 with the first half of the body.
        partial() => "partial";
        /// 304.
        not_modified() => "not-modified";
        /// 200 and a page, as from a captive portal.
        html() => "html";
        /// 200 and only the first bytes of the body, which the length agrees with.
        gif_cut(bytes: u64) => "gif-cut";
        /// 200 and the body with a comment of HTML behind its end.
        gif_trailing() => "gif-trailing";
        /// 200 and the body with all bits of this byte flipped, counted from 1, or else of the last one.
        corrupt(byte: u64) => "corrupt";
        /// 200 and a body of this many bytes, announced.
        huge(bytes: u64) => "huge";
        /// 200 and a body that never ends.
        endless() => "endless";
        /// 200 and 64 KB of gzip that unpack to 64 MiB.
        gzip_bomb() => "gzip-bomb";
        /// 200 and all of the body, also to a request for a range.
        range_ignored() => "range-ignored";
        /// 206 with a range one byte behind the requested one.
        range_wrong() => "range-wrong";
        /// Another ETag at each attempt, as if the body had changed.
        etag_changes() => "etag-changes";
        /// Another ETag at each attempt, and 206 although If-Range names an older one.
        if_range_lies() => "if-range-lies";
        /// 200 and a text in ISO 8859-1 that calls itself UTF-8.
        wrong_charset() => "wrong-charset";
        /// 200 and only the first bytes of the body in gzip, which the length agrees with.
        gzip_cut(bytes: u64) => "gzip-cut";
        /// 302 this many times, then the usual response.
        redirect(times: u64) => "redirect";
        /// 302 to the same place, for ever.
        redirect_loop() => "redirect-loop";
        /// 302 to a flag that is not there.
        redirect_missing() => "redirect-missing";
        /// 302 without a Location.
        redirect_nowhere() => "redirect-nowhere";
        /// 302 to a file: URL.
        redirect_scheme() => "redirect-scheme";
        /// 302 to a port of 127.0.0.1 on which no server listens.
        redirect_refused() => "redirect-refused";
        /// The head one byte after another, this far apart.
        slow_head(every: Duration) => "slow-head";
        /// The head at once; then the body one byte after another, this far apart.
        drip(every: Duration) => "drip";
        /// The head at once; then the body at this rate.
        bandwidth(bytes_a_second: u64) => "bandwidth";
        /// Nothing, and the connection stays.
        hang() => "hang";
        /// The first bytes of the head, and the connection stays.
        hang_head(bytes: u64) => "hang-head";
        /// The head and the first bytes of the body, and the connection stays.
        hang_body(bytes: u64) => "hang-body";
        /// The connection is reset before an answer.
        reset() => "reset";
        /// The first bytes of the head, then a reset.
        reset_head(bytes: u64) => "reset-head";
        /// The head and the first bytes of the body, then a reset.
        reset_body(bytes: u64) => "reset-body";
        /// The connection is closed before an answer.
        close() => "close";
        /// The first bytes of the head, then the connection is closed.
        close_head(bytes: u64) => "close-head";
        /// The head and the first bytes of the body, then the connection is closed.
        close_body(bytes: u64) => "close-body";
        /// A chunk cut short of its size, and no last chunk.
        truncate_chunked(bytes: u64) => "truncate-chunked";
        /// A body without length, cut short.
        truncate_unframed(bytes: u64) => "truncate-unframed";
        /// A Content-Length this many bytes too small.
        length_short(bytes: u64) => "length-short";
        /// A Content-Length this many bytes too large, and the connection stays.
        length_long(bytes: u64) => "length-long";
        /// This Content-Length, then the body, and the connection stays.
        length_absurd(bytes: u64) => "length-absurd";
        /// A Content-Length that is no number.
        length_malformed() => "length-malformed";
        /// Two Content-Lengths that differ by one.
        length_twice() => "length-twice";
        /// A chunked body whose first chunk has no valid size.
        bad_chunk() => "bad-chunk";
        /// Bytes that are not HTTP, then the connection is closed.
        garbage() => "garbage";
        /// The body without any head.
        http09() => "http09";
        /// A TLS alert.
        tls_alert() => "tls-alert";
        /// The greeting of an SSH server.
        ssh_banner() => "ssh-banner";
        /// A status line whose status is no number.
        bad_status_line() => "bad-status-line";
        /// A header with a NUL in its name, then the body.
        bad_header() => "bad-header";
        /// A head that never ends, at this rate.
        endless_headers(bytes_a_second: u64) => "endless-headers";
        /// 100 Continue, again and again, at this rate.
        endless_1xx(bytes_a_second: u64) => "endless-1xx";
        /// 103 Early Hints, then the usual response.
        early_hints() => "early-hints";
        /// 429 on each connection beyond this many open ones.
        connections(connections: u64) => "connections";
        /// No answer before this many requests have been in flight at once.
        hold(requests: u64) => "hold";
        /// The body of the request is read at this rate, and the answer comes after it.
        read_slowly(bytes_a_second: u64) => "read-slowly";
        /// With TLS: a certificate that expired yesterday.
        tls_expired() => "tls-expired";
        /// With TLS: a certificate for another host.
        tls_wrong_host() => "tls-wrong-host";
        /// With TLS: a certificate that no authority has signed.
        tls_self_signed() => "tls-self-signed";
        /// With TLS: only this many bytes, counted from the first of the handshake, then the connection is closed.
        tls_cut(bytes: u64) => "tls-cut";
        /// With TLS: no answer to the handshake, and the connection stays.
        tls_hang() => "tls-hang";
        /// With TLS: the handshake one byte after another, this far apart.
        tls_slow(pause: Duration) => "tls-slow";
        /// With TLS: the ServerHello of TLS 1.1, then the connection is closed.
        tls_old() => "tls-old";
        /// With TLS: the connection ends without a close_notify, as if it had been cut.
        tls_no_close_notify() => "tls-no-close-notify";
        /// With TLS: the alert "handshake failure", then the connection is closed.
        tls_handshake_alert() => "tls-handshake-alert";
        /// For a proxy of TCP: each piece arrives up to this much later, in order.
        tcp_jitter(most: Duration) => "tcp-jitter";
        /// For a proxy of TCP: bytes arrive at this rate on each connection.
        tcp_bandwidth(bytes_a_second: u64) => "tcp-bandwidth";
        /// For a proxy of TCP: all bits of this byte are flipped, counted from 1.
        tcp_corrupt(byte: u64) => "tcp-corrupt";
        /// For a proxy of TCP: the faults beside it concern the bytes from the client, not those to it.
        tcp_upload() => "tcp-upload";
        /// Connecting takes for ever: needs 100 percent, and cannot be combined.
        backlog_full() => "backlog-full";
    }

    /// One of these statuses: for each code or path always the same.
    ///
    /// # Panics
    /// If there is none, or one is not a number from 200 to 999.
    #[track_caller]
    pub fn status(statuses: impl IntoIterator<Item = u16>) -> Self {
        let statuses: Vec<u16> = statuses.into_iter().collect();
        if statuses.is_empty() || statuses.iter().any(|status| !(200..=999).contains(status)) {
            panic!("a status must be a number from 200 to 999, not {statuses:?}");
        }
        Self::named("status", Argument::Statuses(statuses))
    }

    /// The answer comes this much later.
    pub fn delay(delay: Duration) -> Self {
        Self::named("delay", fixed(delay))
    }

    /// The answer comes later, for each code or path by another time between these two. Their order does not matter.
    pub fn delay_uniform(one: Duration, other: Duration) -> Self {
        Self::named("delay", uniform(one, other))
    }

    /// The answer comes later: by at most `median` for half of the codes and paths, by more than `p99` for one in a
    /// hundred.
    ///
    /// # Panics
    /// If `median` is zero or more than `p99`.
    #[track_caller]
    pub fn delay_lognormal(median: Duration, p99: Duration) -> Self {
        Self::named("delay", lognormal(median, p99))
    }

    /// 429 for each request beyond this many in a second.
    pub fn limit_a_second(requests: u64) -> Self {
        Self::limit(requests, Duration::from_secs(1))
    }

    /// 429 for each request beyond this many in a minute.
    pub fn limit_a_minute(requests: u64) -> Self {
        Self::limit(requests, Duration::from_secs(60))
    }

    /// 429 for each request beyond this many in an hour.
    pub fn limit_an_hour(requests: u64) -> Self {
        Self::limit(requests, Duration::from_secs(3600))
    }

    /// 200 and the body with this Content-Type.
    ///
    /// # Panics
    /// If the text has control or format characters.
    #[track_caller]
    pub fn content_type(text: &str) -> Self {
        Self::named("content-type", header_text("a Content-Type", text))
    }

    /// 200 and the body as it is, with this Content-Encoding, such as `gzip`.
    ///
    /// # Panics
    /// If the text has control or format characters.
    #[track_caller]
    pub fn content_encoding(text: &str) -> Self {
        Self::named("content-encoding", header_text("a Content-Encoding", text))
    }

    /// For a proxy of TCP: all bytes of a connection arrive this much later.
    pub fn tcp_latency(latency: Duration) -> Self {
        Self::named("tcp-latency", fixed(latency))
    }

    /// For a proxy of TCP: all bytes arrive later, on each connection by another time between these two. Their order does
    /// not matter.
    pub fn tcp_latency_uniform(one: Duration, other: Duration) -> Self {
        Self::named("tcp-latency", uniform(one, other))
    }

    /// For a proxy of TCP: all bytes arrive later: by at most `median` on half of the connections, by more than `p99` on
    /// one in a hundred.
    ///
    /// # Panics
    /// If `median` is zero or more than `p99`.
    #[track_caller]
    pub fn tcp_latency_lognormal(median: Duration, p99: Duration) -> Self {
        Self::named("tcp-latency", lognormal(median, p99))
    }

    /// For a proxy of TCP: at most this many bytes arrive at once, the next ones this much later.
    pub fn tcp_slice(bytes: u64, pause: Duration) -> Self {
        let (bytes, pause) = (bytes.max(1), pause.min(MAX_DURATION));
        Self::named("tcp-slice", Argument::Slices { bytes, pause })
    }

    /// For a proxy of TCP: the connection is reset after this many bytes, which may be 0.
    pub fn tcp_reset(bytes: u64) -> Self {
        Self::named("tcp-reset", Argument::Number(bytes))
    }

    /// For a proxy of TCP: after this many bytes, which may be 0, this direction is closed, and the other one stays.
    pub fn tcp_half_close(bytes: u64) -> Self {
        Self::named("tcp-half-close", Argument::Number(bytes))
    }

    /// For a proxy of TCP: after this many bytes, which may be 0, nothing more arrives, and the connection stays.
    pub fn tcp_stall(bytes: u64) -> Self {
        Self::named("tcp-stall", Argument::Number(bytes))
    }

    /// This number of headers, from 1 to 100,000, then the body.
    pub fn many_headers(headers: u64) -> Self {
        Self::named(
            "many-headers",
            Argument::Number(headers.clamp(1, MOST_HEADERS)),
        )
    }

    /// Each connection is closed this long after this many responses, without a word: needs 100 percent, and cannot be
    /// combined.
    pub fn stale(responses: u64, late: Duration) -> Self {
        let (responses, late) = (responses.max(1), late.min(MAX_DURATION));
        Self::named("stale", Argument::Stale { responses, late })
    }

    fn limit(requests: u64, period: Duration) -> Self {
        let requests = requests.max(1);
        Self::named("limit", Argument::Rate { requests, period })
    }
}

fn fixed(delay: Duration) -> Argument {
    Argument::Delay(Delay::Fixed(delay.min(MAX_DURATION)))
}

fn uniform(one: Duration, other: Duration) -> Argument {
    let (from, to) = (one.min(other), one.max(other));
    let delay = Delay::Uniform(from.min(MAX_DURATION), to.min(MAX_DURATION));
    Argument::Delay(delay)
}

#[track_caller]
fn lognormal(median: Duration, p99: Duration) -> Argument {
    let (median, p99) = (median.min(MAX_DURATION), p99.min(MAX_DURATION));
    if median.is_zero() || median > p99 {
        panic!("lognormal(MEDIAN,P99) needs 0 < MEDIAN <= P99");
    }
    Argument::Delay(Delay::LogNormal { median, p99 })
}

#[track_caller]
fn header_text(what: &str, text: &str) -> Argument {
    if text.contains(safe_text::is_hidden) {
        panic!("{what} cannot contain control or format characters");
    }
    Argument::Text(text.to_owned())
}
