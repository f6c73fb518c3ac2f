//! Faults before there is a connection.

use flags::record::Kind;

use super::{By, Row, USUAL, Verdict, error, plan, with};

pub(super) fn rows() -> Vec<Row> {
    let environment = |fault, by, verdict| Row {
        fault,
        by,
        args: USUAL,
        verdict,
    };
    vec![
        environment(
            "nobody listens there",
            By::NobodyListens,
            error(Kind::ConnectRefused, "connect_refused: Connection refused…"),
        ),
        with(
            &["--connect-timeout", "0.3"],
            plan(
                "the server's queue is full and nobody accepts",
                "100:backlog-full",
                error(
                    Kind::ConnectTimeout,
                    "connect_timeout: no connection within 300ms",
                ),
            ),
        ),
        environment(
            "the name of the host cannot be looked up",
            By::NoNetwork("http://flags.example/flags"),
            error(Kind::Dns, "dns: failed to lookup address information: …"),
        ),
        environment(
            "there is no way to the host",
            By::NoNetwork("http://192.0.2.1/flags"),
            error(Kind::Connect, "connect: Network is unreachable…"),
        ),
        environment(
            "the environment names a proxy, and the server is on this machine",
            By::DeadProxy,
            Verdict::Saved,
        ),
    ]
}
