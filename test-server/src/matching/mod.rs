//! Which requests are meant: by method, path, query, headers and body. Routes and expectations use the same conditions.
//!
//! * `pattern`: a method and a path with variables, such as `GET /orders/{id}`
//! * `request`: a request, as routes and expectations see it
//! * `filter`: a filter of recorded requests, as a query names it
//! * `condition`: one condition beyond method and path
//! * `matcher`: a pattern with its conditions

mod condition;
mod filter;
mod matcher;
mod pattern;
mod request;

pub(crate) use condition::Condition;
pub(crate) use filter::Filter;
pub(crate) use matcher::{Matcher, matching_methods};
pub use request::Request;
