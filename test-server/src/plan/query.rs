//! The query of a request to which the plan applies.

use percent_encoding::percent_decode_str;

use crate::fault::{Layer, OwnWords};
use crate::plan::{Plan, PlanError};

/// The words of a query that the server understands.
pub(crate) struct Query<'a> {
    /// How often the request has been redirected here.
    pub(crate) hop: u64,
    /// A plan for this request only, still percent-encoded. This is not form encoding: a `+` stays a `+`.
    pub(crate) plan: Option<&'a str>,
}

impl<'a> Query<'a> {
    pub(crate) fn new(query: &'a str, words: OwnWords) -> Self {
        let value = |word: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(name, value)| words.is(name, word).then_some(value))
        };
        let hop = value("hop").and_then(|hop| hop.parse().ok()).unwrap_or(0);
        Self {
            hop,
            plan: value("plan"),
        }
    }
}

/// Parses the plan in the query of a request, which is still percent-encoded.
pub(crate) fn parse_query_plan(text: &str) -> Result<Plan, String> {
    let plan: Plan = percent_decode_str(text)
        .decode_utf8_lossy()
        .parse()
        .map_err(|error: PlanError| error.to_string())?;
    if let Some(fault) = plan.server_wide() {
        let name = fault.name();
        return Err(format!(
            "'{name}' applies to the whole server, not to one request"
        ));
    }
    let of_connection = plan.find_of(Layer::Handshake).or(plan.find_of(Layer::Tcp));
    match of_connection {
        Some(fault) => Err(format!(
            "'{}' concerns a connection, not a request on it",
            fault.name()
        )),
        None => Ok(plan),
    }
}
