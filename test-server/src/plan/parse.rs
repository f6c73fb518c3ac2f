//! The parser of the plan language.
//!
//! A plan is typed as one line, so each error points at the wrong word and the user need not search for it.

use std::fmt;
use std::ops::Range;

use safe_text::is_hidden;
use unicode_width::UnicodeWidthChar as _;

use crate::fault::{Argument, Fault, Role, Spec, Takes};
use crate::plan::slice::Slice;

/// The reason why a plan does not parse. Prints as three lines: the message, the plan, and carets under the wrong word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    message: String,
    plan: String,
    /// The bytes of the plan to point at.
    at: Range<usize>,
}

impl PlanError {
    /// Returns the message without the plan and the carets, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Creates an error that points at the first place of a fault in a plan: its name, or a status without a name in a
    /// step.
    ///
    /// ```
    /// use test_server::PlanError;
    ///
    /// let error = PlanError::at_fault("10:reset,5:tls-hang", "tls-hang", "this server has no TLS");
    /// assert_eq!(error.to_string(), "this server has no TLS\n  10:reset,5:tls-hang\n             ^^^^^^^^");
    /// ```
    pub fn at_fault(plan: &str, fault: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let whole = Part {
            refused: Some((fault, &message)),
            ..Part::whole(plan)
        };
        let found = parse_whole(whole).err();
        found.unwrap_or_else(|| Part::whole(plan).error(message))
    }
}

impl std::error::Error for PlanError {}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A control or format character would misalign the carets on a terminal, so each is shown as a space.
        let shown: String = self.plan.chars().map(shown_char).collect();
        let widths = |text: &str| {
            text.chars()
                .map(|c| shown_char(c).width().unwrap_or(1))
                .sum::<usize>()
        };
        let before = widths(&self.plan[..self.at.start]);
        let under = widths(&self.plan[self.at.clone()]).max(1);
        writeln!(f, "{}", self.message)?;
        writeln!(f, "  {shown}")?;
        write!(f, "  {}{}", " ".repeat(before), "^".repeat(under))
    }
}

/// Returns the character as an error shows it.
fn shown_char(c: char) -> char {
    if is_hidden(c) { ' ' } else { c }
}

/// A part of the plan with its position in the whole.
#[derive(Clone, Copy)]
struct Part<'a> {
    plan: &'a str,
    start: usize,
    end: usize,
    /// A fault that the plan must not have, and the reason.
    refused: Option<(&'a str, &'a str)>,
}

impl<'a> Part<'a> {
    fn whole(plan: &'a str) -> Self {
        Self {
            plan,
            start: 0,
            end: plan.len(),
            refused: None,
        }
        .trimmed()
    }

    /// Checks that this part may name this fault.
    fn check(self, fault: &str) -> Result<(), PlanError> {
        match self.refused {
            Some((refused, why)) if refused == fault => Err(self.error(why)),
            _ => Ok(()),
        }
    }

    fn text(self) -> &'a str {
        &self.plan[self.start..self.end]
    }

    fn trimmed(self) -> Self {
        let text = self.text();
        let start = self.start + (text.len() - text.trim_start().len());
        let end = start + text.trim().len();
        Self { start, end, ..self }
    }

    /// Splits at the byte offset that `at` returns. That byte belongs to neither part.
    fn split_at_byte(self, at: impl FnOnce(&str) -> Option<usize>) -> Option<(Self, Self)> {
        let middle = self.start + at(self.text())?;
        Some((
            Self {
                end: middle,
                ..self
            },
            Self {
                start: middle + 1,
                ..self
            },
        ))
    }

    /// Splits at each separator outside parentheses and quotes. The parts are trimmed.
    fn split(self, separator: char) -> Vec<Self> {
        let (mut parts, mut start) = (Vec::new(), self.start);
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        for (i, c) in self.text().char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth = depth.saturating_sub(1),
                _ if c == separator && depth == 0 && !quoted => {
                    parts.push(
                        Self {
                            start,
                            end: self.start + i,
                            ..self
                        }
                        .trimmed(),
                    );
                    start = self.start + i + c.len_utf8();
                }
                _ => {}
            }
        }
        parts.push(Self { start, ..self }.trimmed());
        parts
    }

    fn error(self, message: impl Into<String>) -> PlanError {
        PlanError {
            message: message.into(),
            plan: self.plan.to_owned(),
            at: self.start..self.end,
        }
    }
}

/// Parses the slices of a plan.
pub(super) fn parse_slices(plan: &str) -> Result<Vec<Slice>, PlanError> {
    parse_whole(Part::whole(plan))
}

fn parse_whole(whole: Part<'_>) -> Result<Vec<Slice>, PlanError> {
    if whole.text().is_empty() {
        return Ok(Vec::new());
    }
    let (mut slices, mut total) = (Vec::new(), 0.0);
    for part in whole.split(',') {
        let (percent, slice) = parse_slice(part)?;
        total += slice.percent;
        // In binary, shares such as 33.3 + 33.3 + 33.4 may add up to slightly more than 100.
        if total > 100.0 + 1e-9 {
            return Err(percent.error(format!(
                "this share brings the total to {total} percent, more than 100"
            )));
        }
        slices.push(slice);
    }
    Ok(slices)
}

/// Parses one `PERCENT:FAULT+FAULT`. Also returns the part with the percentage, for errors about it.
fn parse_slice(part: Part<'_>) -> Result<(Part<'_>, Slice), PlanError> {
    if part.text().is_empty() {
        return Err(part.error("PERCENT:FAULT is missing here"));
    }
    let Some((percent_part, faults_part)) = part.split_at_byte(|text| text.find(':')) else {
        return Err(part.error("PERCENT: is missing before the fault, as in 25:reset"));
    };
    let percent_part = percent_part.trimmed();
    let number: Option<f64> = percent_part.text().parse().ok();
    let Some(percent) = number.filter(|number| (0.0..=100.0).contains(number)) else {
        return Err(percent_part.error("a share must be a number from 0 to 100"));
    };
    let faults = parse_faults(faults_part, percent, parse_fault)?;
    // Minus zero prints as 0.
    Ok((
        percent_part,
        Slice {
            percent: percent.abs(),
            faults,
        },
    ))
}

/// Parses `FAULT+FAULT` without a percentage.
pub(super) fn parse_words(words: &str) -> Result<Vec<Fault>, PlanError> {
    let whole = Part::whole(words);
    match whole.split(',').as_slice() {
        [_, second, ..] => Err(second.error(
            "a comma separates the shares of a plan, and this is one fault, or several joined by +",
        )),
        _ => parse_faults(whole, 100.0, parse_fault),
    }
}

/// Parses `FAULT+FAULT`, each with `parse`.
fn parse_faults<'a>(
    part: Part<'a>,
    percent: f64,
    parse: fn(Part<'a>) -> Result<Fault, PlanError>,
) -> Result<Vec<Fault>, PlanError> {
    let mut faults: Vec<Fault> = Vec::new();
    for part in part.split('+') {
        let fault = parse(part)?;
        check_combination(&fault, &faults, percent).map_err(|why| part.error(why))?;
        faults.push(fault);
    }
    Ok(faults)
}

/// Checks that a fault can be combined with those before it. Returns a message if not.
pub(super) fn check_combination(
    fault: &Fault,
    before: &[Fault],
    percent: f64,
) -> Result<(), String> {
    if before.iter().any(|other| other.name() == fault.name()) {
        return Err(format!("'{}' is given twice", fault.name()));
    }
    let answers = before.iter().find(|other| other.role() == Role::Answer);
    match (fault.role(), answers) {
        (Role::Answer, Some(other)) => Err(format!(
            "'{}' and '{}' cannot both be the answer",
            other.name(),
            fault.name()
        )),
        (Role::Handshake, _) if before.iter().any(|other| other.role() == Role::Handshake) => Err(
            format!("'{}' is the second fault of the handshake", fault.name()),
        ),
        (Role::TcpEnd, _) if before.iter().any(|other| other.role() == Role::TcpEnd) => Err(
            format!("'{}' is the second end of the connection", fault.name()),
        ),
        (Role::StatusModifier, None) => {
            Err(format!("'{}' needs a 'status' before it", fault.name()))
        }
        (Role::StatusModifier, Some(other)) if other.name() != "status" => Err(format!(
            "'{}' needs a 'status' before it, not '{}'",
            fault.name(),
            other.name()
        )),
        (Role::ServerWide, _) if percent < 100.0 || !before.is_empty() => Err(format!(
            "'{}' applies to the whole server: it needs 100 percent and cannot be combined",
            fault.name()
        )),
        _ if before.iter().any(|other| other.role() == Role::ServerWide) => {
            Err("a fault of the whole server cannot be combined with other faults".to_owned())
        }
        _ => Ok(()),
    }
}

/// Parses one `NAME`, `NAME=ARGUMENT` or `NAME(STEP,STEP)`.
fn parse_fault(part: Part<'_>) -> Result<Fault, PlanError> {
    if part.text().is_empty() {
        return Err(part.error("a fault is missing here"));
    }
    let (name, argument) = match part.split_at_byte(|text| text.find(['=', '('])) {
        Some((name, argument)) => (name.trimmed(), Some(argument.trimmed())),
        None => (part, None),
    };
    let is_call = part.text()[name.text().len()..]
        .trim_start()
        .starts_with('(');
    let Some(spec) = Spec::find(name.text()) else {
        let meant =
            Spec::closest(name.text()).map(|spec| format!("; did you mean '{}'?", spec.name));
        let meant = meant.unwrap_or_default();
        return Err(name.error(format!(
            "unknown fault '{}'{meant}",
            name.text().escape_debug()
        )));
    };
    name.check(spec.name)?;
    if let Some(steps) = argument.filter(|_| is_call) {
        return match spec.takes {
            Takes::Steps => parse_steps(spec, steps),
            _ => Err(part.error(format!("'{}' takes no parentheses", spec.name))),
        };
    }
    match Argument::parse(spec.name, spec.takes, argument.map(Part::text)) {
        Ok(argument) => Ok(Fault::new(spec, argument)),
        Err(why) => Err(argument.unwrap_or(name).error(why)),
    }
}

/// Parses `STEP,STEP)`, the rest of a sequence.
fn parse_steps(spec: &'static Spec, part: Part<'_>) -> Result<Fault, PlanError> {
    let Some(end) = part.text().strip_suffix(')').map(str::len) else {
        return Err(part.error("the steps must end with ')'"));
    };
    let inside = Part {
        end: part.start + end,
        ..part
    };
    let step = |part: Part<'_>| match part.text() {
        "ok" => Ok(Vec::new()),
        _ => parse_faults(part, 100.0, parse_fault_of_step),
    };
    let steps = inside.split(',').into_iter().map(step);
    Ok(Fault::sequence(spec, steps.collect::<Result<_, _>>()?))
}

/// Parses one fault of a step. A number stands for a status.
fn parse_fault_of_step(part: Part<'_>) -> Result<Fault, PlanError> {
    let begins_with_digit = part.text().starts_with(|c: char| c.is_ascii_digit());
    if let Some(spec) = Spec::find("status").filter(|_| begins_with_digit) {
        part.check(spec.name)?;
        let argument = Argument::parse(spec.name, spec.takes, Some(part.text()));
        return argument
            .map(|argument| Fault::new(spec, argument))
            .map_err(|why| part.error(why));
    }
    let fault = parse_fault(part)?;
    if fault.can_be_in_step() {
        Ok(fault)
    } else {
        Err(part.error(format!(
            "'{}' cannot be in a step of a sequence",
            fault.name()
        )))
    }
}
