//! The page as plain text, for clients that do not accept HTML explicitly.

use crate::plan::Plan;
use crate::site::Site;

/// Returns four lines: the plan in words, the path of the flags, the plan and the seed.
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

/// Returns the plan in the plan language, or `none` for the normal plan, because an empty line would look like an
/// error.
pub(super) fn plan_or_none(plan: &Plan) -> String {
    if *plan == Plan::normal() {
        "none".to_owned()
    } else {
        plan.to_string()
    }
}
