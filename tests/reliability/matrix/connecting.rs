//! Faults before a connection is established.

use flags::record::Kind;

use super::{NO_ARGS, Row, Setup, Verdict, error, plan, with_args};

pub(super) fn rows() -> Vec<Row> {
    let environment = |fault, setup, verdict| Row {
        fault,
        setup,
        args: NO_ARGS,
        verdict,
    };
    vec![
        environment(
            "no server listens on the port",
            Setup::RefusingPort,
            error(
                Kind::ConnectRefused,
                "connect_refused: nothing listens at …",
            ),
        ),
        with_args(
            &["--connect-timeout", "0.3"],
            plan(
                "the server's backlog is full and it accepts no connection",
                "100:backlog-full",
                error(
                    Kind::ConnectTimeout,
                    "connect_timeout: no connection within 300ms",
                ),
            ),
        ),
        environment(
            "the host name cannot be resolved",
            Setup::EmptyNetwork("http://flags.example/flags"),
            error(Kind::Dns, "dns: failed to lookup address information: …"),
        ),
        environment(
            "there is no route to the host",
            Setup::EmptyNetwork("http://192.0.2.1/flags"),
            error(Kind::Connect, "connect: Network is unreachable…"),
        ),
        environment(
            "a proxy in the environment, and the server on this machine",
            Setup::UnreachableProxy,
            Verdict::Saved,
        ),
    ]
}
