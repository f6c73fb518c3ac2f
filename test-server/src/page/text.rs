//! The page as plain text, for clients that do not ask for HTML.

use crate::plan::Plan;
use crate::site::Site;

/// Returns what the server does and where its flags are, in four lines.
pub(super) fn plain_text(site: &Site) -> String {
    let plan = site.plan();
    format!(
        "{} test server: {}\n{} flags at /flags/{{cc}}/{{cc}}.gif, such as /flags/br/br.gif\nplan: {}\nseed: {}\n",
        site.name,
        plan.describe(),
        site.images.count(),
        plan_or_none(&plan),
        site.seed,
    )
}

/// Returns a plan as it is written, and `none` for the normal one: a line with nothing in it would look like a mistake.
pub(super) fn plan_or_none(plan: &Plan) -> String {
    if *plan == Plan::normal() {
        "none".to_owned()
    } else {
        plan.to_string()
    }
}
