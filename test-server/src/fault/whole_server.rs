//! Faults of the whole server: they affect its connections, independent of the requests on them.

use crate::fault::argument::Takes;
use crate::fault::spec::{Effect, Spec};

pub(super) static SPECS: [Spec; 2] = [
    Spec {
        name: "stale",
        takes: Takes::Stale,
        sees: "each connection is closed after this many responses without a word, at once or this much later",
        effect: Effect::ServerWide,
    },
    Spec {
        name: "backlog-full",
        takes: Takes::Nothing,
        sees: "connecting takes for ever: the queue of the server is full and it accepts no connection",
        effect: Effect::ServerWide,
    },
];
