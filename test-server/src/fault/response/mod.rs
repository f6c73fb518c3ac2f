//! Faults of a response: wrong, late, cut or malformed.
//!
//! * `status`: a status instead of a flag
//! * `body`: 200 with a body that is not the flag
//! * `ranges`: wrong answers to a client that continues a download
//! * `labels`: the head is wrong about the body
//! * `redirect`: redirects to the flag, in a loop or to a wrong place
//! * `slow`: answers in small pieces
//! * `breaking`: the connection hangs, is reset or is closed
//! * `framing`: the length of the body is wrong
//! * `garbled`: bytes that are not HTTP, or malformed HTTP

pub(super) mod body;
pub(super) mod breaking;
pub(super) mod framing;
pub(super) mod garbled;
pub(super) mod labels;
pub(super) mod ranges;
pub(super) mod redirect;
pub(super) mod slow;
pub(super) mod status;
