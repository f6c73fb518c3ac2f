//! Quotas: requests beyond them are refused with 429. Unlike other faults they depend on other requests.

use crate::fault::argument::Takes;
use crate::fault::spec::{Effect, Spec};

pub(super) static SPECS: [Spec; 2] = [
    Spec {
        name: "limit",
        takes: Takes::Rate,
        sees: "429 with Retry-After for each request beyond this rate, over all targets of the share",
        effect: Effect::Quota,
    },
    Spec {
        name: "connections",
        takes: Takes::Number {
            of: "CONNECTIONS",
            default: 0,
        },
        sees: "429 with Retry-After on each connection beyond this many open ones",
        effect: Effect::Quota,
    },
];
