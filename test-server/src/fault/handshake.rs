//! Faults of the TLS handshake. They concern connections, before the first request on them.

use std::time::Duration;

use crate::fault::argument::Takes;
use crate::fault::spec::{Effect, Handshake, Spec};

pub(super) static SPECS: [Spec; 9] = [
    Spec {
        name: "tls-expired",
        takes: Takes::Nothing,
        sees: "with TLS: a certificate that expired yesterday",
        effect: Effect::Handshake(Handshake::Expired),
    },
    Spec {
        name: "tls-wrong-host",
        takes: Takes::Nothing,
        sees: "with TLS: a certificate for wrong-host.invalid",
        effect: Effect::Handshake(Handshake::WrongHost),
    },
    Spec {
        name: "tls-self-signed",
        takes: Takes::Nothing,
        sees: "with TLS: a certificate that no authority has signed",
        effect: Effect::Handshake(Handshake::SelfSigned),
    },
    Spec {
        name: "tls-cut",
        takes: Takes::Number {
            of: "BYTES",
            default: 100,
        },
        sees: "with TLS: only this many bytes, counted from the first of the handshake, then the connection is closed",
        effect: Effect::Handshake(Handshake::Cut),
    },
    Spec {
        name: "tls-hang",
        takes: Takes::Nothing,
        sees: "with TLS: no answer to the handshake, and the connection stays",
        effect: Effect::Handshake(Handshake::Hang),
    },
    Spec {
        name: "tls-slow",
        takes: Takes::Duration {
            default: Duration::from_millis(5),
        },
        sees: "with TLS: the handshake one byte after another, this far apart",
        effect: Effect::Handshake(Handshake::Slow),
    },
    Spec {
        name: "tls-old",
        takes: Takes::Nothing,
        sees: "with TLS: the ServerHello of TLS 1.1, then the connection is closed",
        effect: Effect::Handshake(Handshake::Old),
    },
    Spec {
        name: "tls-no-close-notify",
        takes: Takes::Nothing,
        sees: "with TLS: the connection ends without a close_notify, as if it had been cut",
        effect: Effect::Handshake(Handshake::NoCloseNotify),
    },
    Spec {
        name: "tls-handshake-alert",
        takes: Takes::Nothing,
        sees: "with TLS: the alert 'handshake failure', then the connection is closed",
        effect: Effect::Handshake(Handshake::Alert),
    },
];
