//! What is served: flags, the routes of a test, a folder, the paths of httpbin, or another server.
//!
//! * `images`: the flags to serve
//! * `route`: routes that a test defines
//! * `folder`: a folder whose files are served
//! * `httpbin`: the most used paths of httpbin
//! * `upstream`: another server, to which requests are forwarded

pub(crate) mod folder;
pub(crate) mod httpbin;
pub(crate) mod images;
pub(crate) mod route;
pub(crate) mod upstream;
