//! Faults as Rust values, beside the text of the plan language.
//!
//! A typed plan is the same value as the plan of its text, so everything else knows of one kind only.

use std::time::Duration;

use super::Plan;
use super::parse::check_combination;
use super::slice::Slice;
use crate::fault::{Argument, Delay, Fault as Part, MAX_DURATION, RetryAfter, Spec};

/// A fault for [`Plan::percent`], or several that belong together.
///
/// [`list_faults`](crate::list_faults) says what a client sees of each. Durations are at most 366 days, and longer ones
/// are cut. A number of 0 means the same as 1.
///
/// ```
/// use std::time::Duration;
/// use test_server::{Fault, Plan};
///
/// let plan = Plan::new()
///     .percent(25, Fault::status([503]).retry_after(Duration::from_secs(2)))
///     .percent(10, Fault::delay(Duration::from_millis(300)).and(Fault::reset()))
///     .percent(0.5, Fault::sequence([Fault::status([503]), Fault::reset(), Fault::ok()]));
/// let text = "25:status=503+retry-after=2s,10:delay=300ms+reset,0.5:seq(503,reset,ok)";
/// assert_eq!(plan.to_string(), text);
/// assert_eq!(text.parse(), Ok(plan));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Fault {
    /// Without any, a request is answered normally.
    parts: Vec<Part>,
}

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
        /// 200 and a body of so many bytes, announced.
        huge(bytes: u64) => "huge";
        /// 200 and a body that never ends.
        endless() => "endless";
        /// 200 and 64 KB of gzip that unpack to 64 MiB.
        gzip_bomb() => "gzip-bomb";
        /// 302 so many times, then the usual response.
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
        /// A Content-Length so many bytes too small.
        length_short(bytes: u64) => "length-short";
        /// A Content-Length so many bytes too large, and the connection stays.
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
        /// So many headers, then the body.
        many_headers(headers: u64) => "many-headers";
        /// A head that never ends, at this rate.
        endless_headers(bytes_a_second: u64) => "endless-headers";
        /// 100 Continue, again and again, at this rate.
        endless_1xx(bytes_a_second: u64) => "endless-1xx";
        /// 103 Early Hints, then the usual response.
        early_hints() => "early-hints";
        /// 429 on each connection beyond so many open ones.
        connections(connections: u64) => "connections";
        /// No answer before so many requests have been in flight at once.
        hold(requests: u64) => "hold";
        /// Connecting takes for ever: needs 100 percent, and cannot be combined.
        backlog_full() => "backlog-full";
    }

    /// The usual response: a step of [`Fault::sequence`].
    pub fn ok() -> Self {
        Self { parts: Vec::new() }
    }

    /// Any fault by its word in the plan language, such as `Fault::word("drip=20ms")?`.
    ///
    /// # Errors
    /// If the words are not a fault, or several joined by `+`.
    pub fn word(words: &str) -> Result<Self, crate::PlanError> {
        let plan: Plan = format!("100:{words}").parse()?;
        let parts = plan.slices.into_iter().flat_map(|slice| slice.faults);
        Ok(Self {
            parts: parts.collect(),
        })
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
        Self::delayed(Delay::Fixed(delay.min(MAX_DURATION)))
    }

    /// The answer comes later, for each code or path by another time between these two. Their order does not matter.
    pub fn delay_uniform(one: Duration, other: Duration) -> Self {
        let (from, to) = (one.min(other), one.max(other));
        Self::delayed(Delay::Uniform(from.min(MAX_DURATION), to.min(MAX_DURATION)))
    }

    /// The answer comes later: by at most `median` for half of the codes and paths, by more than `p99` for one in a
    /// hundred.
    ///
    /// # Panics
    /// If `median` is zero or more than `p99`.
    #[track_caller]
    pub fn delay_lognormal(median: Duration, p99: Duration) -> Self {
        let (median, p99) = (median.min(MAX_DURATION), p99.min(MAX_DURATION));
        if median.is_zero() || median > p99 {
            panic!("lognormal(MEDIAN,P99) needs 0 < MEDIAN <= P99");
        }
        Self::delayed(Delay::LogNormal { median, p99 })
    }

    /// 429 for each request beyond so many in a second.
    pub fn limit_a_second(requests: u64) -> Self {
        Self::limit(requests, Duration::from_secs(1))
    }

    /// 429 for each request beyond so many in a minute.
    pub fn limit_a_minute(requests: u64) -> Self {
        Self::limit(requests, Duration::from_secs(60))
    }

    /// 429 for each request beyond so many in an hour.
    pub fn limit_an_hour(requests: u64) -> Self {
        Self::limit(requests, Duration::from_secs(3600))
    }

    /// Each connection is closed this long after so many responses, without a word: needs 100 percent, and cannot be
    /// combined.
    pub fn stale(responses: u64, late: Duration) -> Self {
        let (responses, late) = (responses.max(1), late.min(MAX_DURATION));
        Self::named("stale", Argument::Stale { responses, late })
    }

    /// A step for each attempt at a code or path; the last one is that of all later attempts.
    ///
    /// # Panics
    /// If there is no step, or one of them cannot be in a step: `sequence`, `transient` and faults of the whole server.
    #[track_caller]
    pub fn sequence(steps: impl IntoIterator<Item = Self>) -> Self {
        let steps: Vec<Vec<Part>> = steps.into_iter().map(|step| step.parts).collect();
        if steps.is_empty() {
            panic!("a sequence needs a step");
        }
        for part in steps.iter().flatten() {
            if !part.can_be_in_step() {
                panic!("'{}' cannot be in a step of a sequence", part.name());
            }
        }
        for step in &steps {
            check_all(step, 100.0);
        }
        Self {
            parts: vec![Part::sequence(spec("seq"), steps)],
        }
    }

    /// Adds another fault: one of them can be the answer, and the others delay, limit or add to it.
    pub fn and(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// Adds a Retry-After header to a status: this many seconds, rounded up.
    pub fn retry_after(self, time: Duration) -> Self {
        self.with_retry_after(RetryAfter::Seconds(whole_seconds(time)))
    }

    /// Adds a Retry-After header to a status: the date that many seconds after the answer, rounded up.
    pub fn retry_after_date(self, time: Duration) -> Self {
        self.with_retry_after(RetryAfter::Date(whole_seconds(time)))
    }

    /// Gives a status this reason phrase.
    ///
    /// # Panics
    /// If the text has control or format characters.
    #[track_caller]
    pub fn reason(self, text: &str) -> Self {
        if text.contains(safe_text::is_hidden) {
            panic!("a reason cannot contain control or format characters");
        }
        self.and(Self::named("reason", Argument::Text(text.to_owned())))
    }

    /// Limits the faults to the first so many attempts at a code or path since the plan was set.
    pub fn transient(self, attempts: u64) -> Self {
        self.and(Self::named("transient", Argument::Number(attempts.max(1))))
    }

    fn delayed(delay: Delay) -> Self {
        Self::named("delay", Argument::Delay(delay))
    }

    fn limit(requests: u64, period: Duration) -> Self {
        let requests = requests.max(1);
        Self::named("limit", Argument::Rate { requests, period })
    }

    fn with_retry_after(self, value: RetryAfter) -> Self {
        self.and(Self::named("retry-after", Argument::RetryAfter(value)))
    }

    fn named(name: &str, argument: Argument) -> Self {
        Self {
            parts: vec![Part::new(spec(name), argument)],
        }
    }
}

impl Plan {
    /// Creates the plan that answers every request normally and at once, to add shares to it: the same as
    /// [`Plan::normal`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a share of the codes and paths that meets this fault.
    ///
    /// # Panics
    /// If the share is not a number from 0 to 100, the shares add up to more than 100, or the faults cannot be
    /// combined: with the message for the same words.
    #[track_caller]
    #[must_use]
    pub fn percent(mut self, share: impl Into<f64>, fault: Fault) -> Self {
        let percent: f64 = share.into();
        if !(0.0..=100.0).contains(&percent) {
            panic!("a share must be a number from 0 to 100, not {percent}");
        }
        // Minus zero prints as 0.
        let percent = percent.abs();
        let total = self.slices.iter().map(|slice| slice.percent).sum::<f64>() + percent;
        if total > 100.0 + 1e-9 {
            panic!("this share brings the total to {total} percent, more than 100");
        }
        if fault.parts.is_empty() {
            panic!(
                "`Fault::ok` is for the steps of a sequence: what is outside all shares is answered normally"
            );
        }
        check_all(&fault.parts, percent);
        self.slices.push(Slice {
            percent,
            faults: fault.parts,
        });
        self
    }
}

/// Checks that these faults can be combined.
#[track_caller]
fn check_all(parts: &[Part], percent: f64) {
    for (at, part) in parts.iter().enumerate() {
        if let Err(why) = check_combination(part, &parts[..at], percent) {
            panic!("{why}");
        }
    }
}

fn whole_seconds(time: Duration) -> u64 {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    seconds.min(MAX_DURATION.as_secs())
}

/// Returns the entry of a fault in the table. Panics for a name that is not there, which a test excludes.
fn spec(name: &str) -> &'static Spec {
    match Spec::find(name) {
        Some(spec) => spec,
        None => unreachable!("the table of faults has no '{name}'"),
    }
}
