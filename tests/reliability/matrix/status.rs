//! The verdict for each status, and redirects.

use flags::record::Kind;

use super::{Row, Verdict, error, plan, raw, status_error, with_args, with_changed_head};
use crate::support::raw::RawServer;

pub(super) fn rows() -> Vec<Row> {
    vec![
        plan("404", "100:status=404", Verdict::NotFound),
        raw(
            "404 with a body that never ends",
            |_| {
                RawServer::stalling_after("HTTP/1.1 404 Not Found\r\ncontent-length: 500\r\n\r\nno")
            },
            Verdict::NotFound,
        ),
        plan(
            "410: only 404 counts as not found",
            "100:status=410",
            status_error("HTTP error 410 - Gone"),
        ),
        plan(
            "400",
            "100:status=400",
            status_error("HTTP error 400 - Bad Request"),
        ),
        plan(
            "401",
            "100:status=401",
            status_error("HTTP error 401 - Unauthorized"),
        ),
        plan(
            "403",
            "100:status=403",
            status_error("HTTP error 403 - Forbidden"),
        ),
        plan(
            "418",
            "100:status=418",
            status_error("HTTP error 418 - I'm a teapot"),
        ),
        plan(
            "408",
            "100:status=408",
            status_error("HTTP error 408 - Request Timeout"),
        ),
        plan(
            "429",
            "100:status=429",
            status_error("HTTP error 429 - Too Many Requests"),
        ),
        plan(
            "500",
            "100:status=500",
            status_error("HTTP error 500 - Internal Server Error"),
        ),
        plan(
            "501",
            "100:status=501",
            status_error("HTTP error 501 - Not Implemented"),
        ),
        plan(
            "502",
            "100:status=502",
            status_error("HTTP error 502 - Bad Gateway"),
        ),
        plan(
            "503",
            "100:status=503",
            status_error("HTTP error 503 - Service Unavailable"),
        ),
        plan(
            "504",
            "100:status=504",
            status_error("HTTP error 504 - Gateway Timeout"),
        ),
        plan("522", "100:status=522", status_error("HTTP error 522")),
        plan("524", "100:status=524", status_error("HTTP error 524")),
        with_args(
            &["--retries", "1"],
            plan(
                "503 with a Retry-After above the maximum of 30 s",
                "100:status=503+retry-after=99999",
                status_error(
                    "HTTP error 503 - Service Unavailable (Retry-After of 99999 s exceeds the maximum of 30 s)",
                ),
            ),
        ),
        with_args(
            &["--retries", "2"],
            plan(
                "503 twice, then the flag",
                "100:status=503+transient=2",
                Verdict::Saved,
            ),
        ),
        with_args(
            &["--retries", "3"],
            plan(
                "503, a reset, 429, then the flag",
                "100:seq(503,reset,429,ok)",
                Verdict::Saved,
            ),
        ),
        plan("302 to the flag", "100:redirect", Verdict::Saved),
        plan(
            "302 to a missing flag",
            "100:redirect-missing",
            Verdict::NotFound,
        ),
        plan(
            "302 in an endless loop",
            "100:redirect-loop",
            error(Kind::Redirect, "redirect: too many redirects"),
        ),
        plan(
            "302 without a Location",
            "100:redirect-nowhere",
            status_error("HTTP error 302 - Found"),
        ),
        plan(
            "302 to a file: URL",
            "100:redirect-scheme",
            error(Kind::Redirect, "redirect: to a file: URL"),
        ),
        raw(
            "302 to a gopher: URL",
            |flag| with_changed_head(flag, "200 OK", "302 Found\r\nlocation: gopher://h/br.gif"),
            error(Kind::Redirect, "redirect: to a gopher: URL"),
        ),
        raw(
            "302 to a javascript: URL",
            |flag| with_changed_head(flag, "200 OK", "302 Found\r\nlocation: javascript:alert(1)"),
            error(Kind::Redirect, "redirect: to a javascript: URL"),
        ),
        raw(
            "302 to an invalid URL",
            |flag| with_changed_head(flag, "200 OK", "302 Found\r\nlocation: http://[nonsense"),
            status_error("HTTP error 302 - Found"),
        ),
        plan(
            "302 to a port that refuses connections",
            "100:redirect-refused",
            error(
                Kind::ConnectRefused,
                "connect_refused: nothing listens at …",
            ),
        ),
    ]
}
