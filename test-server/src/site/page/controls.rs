//! The parts of the page that need open control paths: the counters and the forms.

use maud::{Markup, html};

use crate::fault::list_faults;
use crate::recording::counters::Stats;

/// Returns the counters and the button that resets them.
pub(super) fn counters(stats: &Stats) -> Markup {
    let (in_flight, peak) = (stats.in_flight as u64, stats.peak_in_flight as u64);
    let numbers = [
        ("requests", "Requests", stats.requests),
        ("connections", "Connections", stats.connections),
        ("in_flight", "In flight", in_flight),
        ("peak_in_flight", "Peak in flight", peak),
    ];
    html! {
        section aria-labelledby="counters-title" {
            h2 #counters-title { "Counters" }
            dl #counters {
                @for (name, title, number) in numbers {
                    div {
                        dt { (title) }
                        dd id={ "stat-" (name.replace('_', "-")) } data-stat=(name) { (number) }
                    }
                }
            }
            table #injected {
                thead { tr { th scope="col" { "Fault met" } th .number scope="col" { "Times" } } }
                tbody {
                    @for (fault, times) in &stats.injected {
                        tr { th scope="row" { (fault) } td .number { (times) } }
                    }
                    @if stats.injected.is_empty() { tr { td colspan="2" { "none yet" } } }
                }
            }
            p .faint {
                "Requests are those for flags. Connections include those of this page. "
                span #live role="status" { "These numbers are from when this page was loaded." }
            }
            form #reset-form method="post" action="/__page/reset" {
                button #reset type="submit" { "Reset the counters" }
                span #reset-result role="status" {}
            }
        }
    }
}

/// Returns the form that changes the plan, filled with this plan, and the list of faults.
pub(super) fn plan_form(plan: &str, why_refused: Option<&str>) -> Markup {
    html! {
        section #steer aria-labelledby="plan-title" {
            h2 #plan-title { "Change the plan" }
            form #plan-form method="post" action="/__page/plan" {
                label for="plan" { "Plan" }
                div .line {
                    // After an error the input is focused, so that the user can correct the plan.
                    input #plan name="plan" type="text" value=(plan) autocomplete="off" autocapitalize="off"
                        spellcheck="false" aria-describedby="plan-help plan-result"
                        aria-invalid=[why_refused.map(|_| "true")] autofocus[why_refused.is_some()];
                    button #set-plan type="submit" { "Set the plan" }
                }
                div #plan-result role="status" { @if let Some(why) = why_refused { (refusal(why)) } }
                p #plan-help .faint {
                    code { "PERCENT:FAULT[=ARGUMENT][+FAULT...]" }
                    "; separate several with commas, such as "
                    code { "25:status=500|503+retry-after=2s,10:reset" }
                    ". An empty plan answers every code at once."
                }
            }
            details #faults {
                summary { "All faults" }
                dl {
                    @for (fault, sees) in list_faults() {
                        div { dt { code { (fault) } } dd { (sees) } }
                    }
                }
            }
        }
    }
}

/// Returns the message about a plan.
///
/// The first line is text and may wrap. The plan and its carets may be wider than a phone and must not wrap, because
/// each caret must stay under its word. So they scroll, also by keyboard.
fn refusal(why: &str) -> Markup {
    let (words, pointing) = why.split_at(why.find('\n').map_or(why.len(), |end| end + 1));
    html! { pre .refused tabindex="0" { span { (words) } (pointing) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_in_plans_and_messages_is_escaped() {
        let form = plan_form("<a b='c' d=\"e\">&é", Some("<i>\n</pre>")).into_string();
        assert!(form.contains(" value=\"&lt;a b='c' d=&quot;e&quot;&gt;&amp;é\" "));
        assert!(form.contains("<span>&lt;i&gt;\n</span>&lt;/pre&gt;</pre>"));
        let plain = plan_form("plain", None).into_string();
        assert!(plain.contains(" value=\"plain\" ") && !plain.contains("<pre"));
    }
}
