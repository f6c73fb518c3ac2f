//! The parts of the page for those who may steer: the numbers, and the forms.

use std::fmt::{self, Formatter};

use crate::counters::Stats;
use crate::fault::list_faults;
use crate::page::escaped::Escaped;

/// The counters and the button that resets them.
pub(super) fn counters(f: &mut Formatter<'_>, stats: &Stats) -> fmt::Result {
    f.write_str("<section aria-labelledby=\"counters-title\">\n<h2 id=\"counters-title\">Counters</h2>\n<dl id=\"counters\">\n")?;
    let numbers = [
        ("requests", "Requests", stats.requests),
        ("connections", "Connections", stats.connections),
        ("in_flight", "In flight", stats.in_flight as u64),
        (
            "peak_in_flight",
            "Peak in flight",
            stats.peak_in_flight as u64,
        ),
    ];
    for (name, title, number) in numbers {
        let id = name.replace('_', "-");
        writeln!(
            f,
            "<div><dt>{title}</dt><dd id=\"stat-{id}\" data-stat=\"{name}\">{number}</dd></div>"
        )?;
    }
    f.write_str("</dl>\n<table id=\"injected\">\n<thead><tr><th scope=\"col\">Fault met</th><th scope=\"col\" class=\"number\">Times</th></tr></thead>\n<tbody>")?;
    for (fault, times) in &stats.injected {
        let fault = Escaped(fault);
        write!(
            f,
            "<tr><th scope=\"row\">{fault}</th><td class=\"number\">{times}</td></tr>"
        )?;
    }
    if stats.injected.is_empty() {
        f.write_str("<tr><td colspan=\"2\">none yet</td></tr>")?;
    }
    f.write_str(
        "</tbody>\n</table>\n\
         <p class=\"faint\">Requests are those for flags; connections are all, those of this page among them. \
         <span id=\"live\" role=\"status\">As of when this page was loaded.</span></p>\n\
         <form id=\"reset-form\" method=\"post\" action=\"/__page/reset\">\n\
         <button id=\"reset\" type=\"submit\">Reset the counters</button>\n\
         <span id=\"reset-result\" role=\"status\"></span>\n</form>\n</section>\n",
    )
}

/// The form for another plan, with this one in it, and the faults there are.
pub(super) fn plan_form(
    f: &mut Formatter<'_>,
    plan: &str,
    why_refused: Option<&str>,
) -> fmt::Result {
    // Where the typed plan is wrong, that is where to go on.
    let state = match why_refused {
        Some(_) => " aria-invalid=\"true\" autofocus",
        None => "",
    };
    write!(
        f,
        "<section id=\"steer\" aria-labelledby=\"plan-title\">\n<h2 id=\"plan-title\">Another plan</h2>\n\
         <form id=\"plan-form\" method=\"post\" action=\"/__page/plan\">\n\
         <label for=\"plan\">Plan</label>\n\
         <div class=\"line\"><input id=\"plan\" name=\"plan\" type=\"text\" value=\"{}\" autocomplete=\"off\" \
         autocapitalize=\"off\" spellcheck=\"false\" aria-describedby=\"plan-help plan-result\"{state}>\n\
         <button id=\"set-plan\" type=\"submit\">Change the plan</button></div>\n\
         <div id=\"plan-result\" role=\"status\">",
        Escaped(plan)
    )?;
    if let Some(why) = why_refused {
        // The first line is words; what follows, wider than a phone, scrolls by itself, by keyboard too: a caret must stay
        // under its word.
        let (words, pointing) = why.split_at(why.find('\n').map_or(why.len(), |end| end + 1));
        let (words, pointing) = (Escaped(words), Escaped(pointing));
        write!(
            f,
            "<pre class=\"refused\" tabindex=\"0\"><span>{words}</span>{pointing}</pre>"
        )?;
    }
    f.write_str(
        "</div>\n<p id=\"plan-help\" class=\"faint\"><code>PERCENT:FAULT[=ARGUMENT][+FAULT...]</code>, and more of them with \
         commas between, such as <code>25:status=500|503+retry-after=2s,10:reset</code>. Nothing: every code is answered at \
         once.</p>\n</form>\n<details id=\"faults\">\n<summary>All faults</summary>\n<dl>\n",
    )?;
    for (fault, sees) in list_faults() {
        let (fault, sees) = (Escaped(&fault), Escaped(sees));
        writeln!(f, "<div><dt><code>{fault}</code></dt><dd>{sees}</dd></div>")?;
    }
    f.write_str("</dl>\n</details>\n</section>\n")
}
