//! What a server records: a line per request, the requests themselves, and numbers.
//!
//! * `access_log`: a line per request
//! * `journal`: the last requests as they arrived
//! * `recent`: a map that forgets its oldest entries
//! * `attempts`: the attempts at each code under each plan
//! * `changes`: the number of changes of all counters, for threads that wait for one
//! * `counters`: the numbers of requests, connections and faults
//! * `current_plan`: the plan of a server, which changes while it runs, and what is counted under it

pub(crate) mod access_log;
pub(crate) mod attempts;
pub(crate) mod changes;
pub(crate) mod counters;
pub(crate) mod current_plan;
pub(crate) mod journal;
pub(crate) mod recent;
