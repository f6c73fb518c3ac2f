//! One condition beyond method and path.

use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use serde_json::{Number, Value};

use crate::matching::request::Request;

/// One condition that a request must meet.
#[derive(Clone)]
pub(crate) enum Condition {
    /// A header has this value.
    Header(String, String),
    /// A word of the query has this value, decoded.
    Query(String, String),
    /// The body is these bytes.
    Body(Bytes),
    /// The body, as text, contains this.
    BodyContains(String),
    /// The body is JSON with this value.
    Json(Value),
    /// The body is JSON in which at least this is found.
    JsonIncludes(Value),
    /// A function says so.
    Function(Arc<dyn Fn(&Request) -> bool + Send + Sync>),
}

/// The longest part of a value that a message shows, in characters.
const LONGEST_SHOWN: usize = 80;

impl Condition {
    /// Returns what is different in a request that does not meet this condition.
    pub(super) fn difference(&self, request: &Request) -> Option<String> {
        match self {
            Self::Header(name, value) if !request.has_header(name, value) => {
                Some(match request.header(name) {
                    Some(other) => format!("header {name} is '{}'", shown(other)),
                    None => format!("no header {name}"),
                })
            }
            Self::Query(name, value) if !request.has_query_value(name, value) => {
                Some(match request.query_value(name) {
                    Some(other) => format!("{name} in the query is '{}'", shown(&other)),
                    None => format!("no {name} in the query"),
                })
            }
            Self::Body(body) if *body != request.body => Some(body_is(request)),
            Self::BodyContains(part) if !request.text().contains(part) => Some(body_is(request)),
            Self::Json(value) => match request.json::<Value>() {
                Ok(other) if is_same(&other, value) => None,
                _ => Some(body_is(request)),
            },
            Self::JsonIncludes(value) => match request.json::<Value>() {
                Ok(other) if includes(&other, value) => None,
                _ => Some(body_is(request)),
            },
            Self::Function(meets) if !meets(request) => {
                Some("the function given to `when` refuses it".to_owned())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name, value) => write!(f, "header {name}: {}", shown(value)),
            Self::Query(name, value) => write!(f, "query {name}={}", shown(value)),
            Self::Body(body) => write!(f, "body '{}'", shown(&String::from_utf8_lossy(body))),
            Self::BodyContains(part) => write!(f, "body with '{}'", shown(part)),
            Self::Json(value) => write!(f, "body {}", shown(&value.to_string())),
            Self::JsonIncludes(value) => write!(f, "body with {}", shown(&value.to_string())),
            Self::Function(_) => f.write_str("a function"),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn body_is(request: &Request) -> String {
    if request.body.is_empty() {
        "the body is empty".to_owned()
    } else {
        format!("the body is '{}'", shown(&request.text()))
    }
}

/// Returns the beginning of a text in one line.
fn shown(text: &str) -> String {
    let text = safe_text::visible(text);
    match text.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Returns whether a value has at least the members of `part`, in objects at any depth. Lists must be equal in length.
fn includes(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part.iter().all(|(name, part)| {
            let value = whole.get(name);
            value.is_some_and(|value| includes(value, part))
        }),
        (Value::Array(whole), Value::Array(part)) => {
            let pairs = || whole.iter().zip(part);
            whole.len() == part.len() && pairs().all(|(whole, part)| includes(whole, part))
        }
        _ => is_same(whole, part),
    }
}

/// Returns whether two values are the same. Numbers are compared by their value: JSON knows one kind of number, and some
/// clients write 5 as 5.0.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => is_same_number(one, other),
        (Value::Array(one), Value::Array(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_in_other = |(name, value): (&String, &Value)| {
                let others = other.get(name);
                others.is_some_and(|other| is_same(value, other))
            };
            one.len() == other.len() && one.iter().all(is_in_other)
        }
        _ => one == other,
    }
}

fn is_same_number(one: &Number, other: &Number) -> bool {
    match (whole_number(one), whole_number(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.as_f64() == other.as_f64(),
        _ => false,
    }
}

/// Returns a number exactly if it is a whole one in the range of the integers, also if it is written as 5.0.
fn whole_number(number: &Number) -> Option<i128> {
    let integer = number.as_i128();
    integer.or_else(|| {
        let float = number.as_f64()?;
        let is_whole = float.fract() == 0.0 && float.abs() < 1e38;
        is_whole.then_some(float as i128)
    })
}
