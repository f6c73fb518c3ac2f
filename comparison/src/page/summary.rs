//! The sections with the numbers of the series: how they were measured, who is fastest, the bars and the table.

use maud::{Markup, html};

use super::charts::chart;
use super::scroll::scroll_box;
use crate::chart::scaling;
use crate::model::{Comparison, Terms};
use crate::statistics::{Series, differences};
use crate::text::{
    Verdict, best_settings, capitalized, columns_for, count, differences_in_sentences, ended_early,
    ends, ideal, outliers_in_words, peak, plural, seconds, series_name, spread, verdicts,
};

pub(super) fn facts(comparison: &Comparison) -> Markup {
    html! {
        dl.facts {
            @for (name, fact) in &comparison.facts {
                dt { (name) }
                dd { (fact) }
            }
        }
    }
}

/// Returns the elapsed times by number of slots, with a verdict for each number and the best setting of each label;
/// nothing if each label has only one number of slots.
pub(super) fn limits(series: &[Series], terms: &Terms) -> Option<Markup> {
    let slots = plural(terms.slot);
    let scaling = scaling(series, terms)?;
    let explanation = format!(
        "Both axes are logarithmic: if twice as many {slots} halve the time, the line is straight. No run can be below \
         the ideal."
    );
    let name = format!("Elapsed time by {slots}");
    Some(html! {
        (chart(&name, &explanation, &scaling.draw()))
        h3 { "The best setting of each " (terms.series) }
        (verdict_list(&best_settings(series, terms)))
        h3 { "With the same number of " (slots) }
        (verdict_list(&verdicts(series, terms)))
    })
}

fn verdict_list(verdicts: &[Verdict]) -> Markup {
    html! {
        dl.verdicts {
            @for verdict in verdicts {
                dt { (verdict.about) }
                dd { (verdict.sentence) }
            }
        }
    }
}

/// Returns the bars and the table of the series, and the tasks that ended differently.
pub(super) fn summary(comparison: &Comparison, series: &[Series]) -> Markup {
    let terms = comparison.terms;
    let name = match comparison.runs.len() {
        1 => "The run",
        _ => "The runs side by side",
    };
    let differences = differences(comparison);
    html! {
        h2 { (name) }
        @if series.len() > 1 {
            (bars(series, terms))
        }
        @if !series.is_empty() {
            (scroll_box(name, "", &table(series, terms)))
            p.faint { (ideal(terms)) }
            @if let Some(peak) = peak(terms) {
                p.faint { (capitalized(&peak)) }
            }
        }
        @if let Some(sentence) = outliers_in_words(series, terms) {
            p { (sentence) }
        }
        @if let Some(early) = ended_early(comparison) {
            p { (early) }
        }
        @if !differences.is_empty() {
            details {
                summary { (count(differences.len(), terms.name)) " ended differently in different runs" }
                ul.differences {
                    @for sentence in differences_in_sentences(&differences, terms) {
                        li { (sentence) }
                    }
                }
            }
        }
    }
}

/// Returns the median elapsed times as bars, each with a mark at its ideal.
fn bars(series: &[Series], terms: &Terms) -> Markup {
    let medians = series.iter().map(|of| of.elapsed_ms.median);
    let slowest = medians.fold(f64::MIN_POSITIVE, f64::max);
    let share = |ms: f64| format!("{:.2}%", 100.0 * ms / slowest);
    html! {
        div.elapsed-bars role="list" aria-label="Elapsed times" {
            @for of in series {
                div.name role="listitem" { (series_name(&of.label, of.slots, terms)) }
                div.track aria-hidden="true" {
                    div.filled style={ "width:" (share(of.elapsed_ms.median)) } {}
                    div.ideal-mark style={ "left:" (share(of.ideal_ms)) } {}
                }
                div.value { (value(of)) }
            }
        }
        p.faint { (explanation(series)) }
    }
}

/// Returns the times beside a bar: the median, the fastest and the slowest run, and the speed-up.
fn value(of: &Series) -> String {
    let median = seconds(of.elapsed_ms.median);
    let spread = spread(of).map_or_else(String::new, |spread| format!(" ({spread})"));
    let speed_up = of.speed_up_interval;
    let speed_up = speed_up.map_or_else(String::new, |of| format!(", {} times", ends(&of)));
    format!("{median} s{spread}{speed_up}")
}

/// Explains the bars and the times beside them.
fn explanation(series: &[Series]) -> String {
    let mut text =
        "The bars are median elapsed times; the mark on each is at the ideal time.".to_owned();
    if series.iter().any(|of| of.rounds > 1) {
        text += " Beside a bar: the median, and the fastest and the slowest run.";
    }
    if series.iter().any(|of| of.speed_up_interval.is_some()) {
        text += " The last two numbers are the speed-up over the slowest series, with a confidence of 99 %.";
    }
    text
}

/// Returns the table. Each cell carries the name of its column, which a narrow screen shows beside it.
fn table(series: &[Series], terms: &Terms) -> Markup {
    let columns = columns_for(series, terms);
    let class = |i| if i == 0 { "word" } else { "number" };
    html! {
        table.series-table {
            thead {
                tr {
                    @for (i, column) in columns.iter().enumerate() {
                        th class=(class(i)) scope="col" {
                            (column.name)
                            span.unit { (column.unit) }
                        }
                    }
                }
            }
            tbody {
                @for one in series {
                    tr {
                        @for (i, column) in columns.iter().enumerate() {
                            td class=(class(i)) data-column=(column.full_name()) { ((column.cell)(one)) }
                        }
                    }
                    "\n"
                }
            }
        }
    }
}
