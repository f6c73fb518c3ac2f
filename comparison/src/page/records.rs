//! The table of the outcome and times of each task in each run. It repeats in text what the bars show, for readers who
//! cannot see them.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::images::Embedded;
use crate::drawn::Drawn;
use crate::model::{Comparison, Task, Terms};
use crate::text::{millis, outcome_in_words, series_title};

/// Returns the table, with one row per task and three cells per run. The script finds the row of a task by its `id`.
pub(super) fn table(runs: &[Drawn<'_>], comparison: &Comparison, images: &Embedded) -> Markup {
    let by_name: Vec<_> = runs.iter().map(by_name).collect();
    let names: BTreeSet<_> = by_name.iter().flat_map(BTreeMap::keys).collect();
    html! {
        table.records {
            (table_header(runs, comparison.terms))
            tbody {
                @for name in names {
                    tr {
                        (head(name, comparison, images))
                        @for tasks in &by_name {
                            (cells(tasks.get(name).copied()))
                        }
                    }
                    "\n"
                }
            }
        }
    }
}

/// Returns the first cell of a row: the name with its image and its description.
fn head(name: &str, comparison: &Comparison, images: &Embedded) -> Markup {
    let description = comparison.descriptions.get(name).map(String::as_str);
    html! {
        td id={ "task-" (name) } {
            (name) " " (images.image(name, description.unwrap_or(name)))
            @if let Some(description) = description { " " span { (description) } }
        }
    }
}

fn by_name<'a>(run: &Drawn<'a>) -> BTreeMap<&'a str, &'a Task> {
    let tasks = run.tasks.iter();
    tasks.map(|task| (task.name.as_str(), *task)).collect()
}

/// Returns the cells of a task in one run; empty cells if the run did not contain the task.
fn cells(task: Option<&Task>) -> Markup {
    let attempted = task.filter(|task| task.start_ms().is_some());
    html! {
        td { (task.map(outcome_in_words).unwrap_or_default()) }
        td { (attempted.map(|task| millis(task.queue_ms())).unwrap_or_default()) }
        td { (attempted.map(|task| millis(task.service_ms())).unwrap_or_default()) }
    }
}

fn table_header(runs: &[Drawn<'_>], terms: &Terms) -> Markup {
    html! {
        thead {
            tr {
                th rowspan="2" scope="col" { (terms.name) }
                @for run in runs {
                    th.series colspan="3" scope="colgroup" { (series_title(run.run, terms)) }
                }
            }
            tr {
                @for _ in runs {
                    th.series scope="col" { "outcome" }
                    th.number scope="col" { "queue, ms" }
                    th.number scope="col" { "service, ms" }
                }
            }
        }
    }
}
