//! A filter of recorded requests, as a query names it.

use axum::http::Method;

use crate::fault::Spec;
use crate::matching::pattern::Pattern;
use crate::recording::journal::RecordedRequest;

/// Which recorded requests to return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    Method(String),
    /// A path with its query as it was sent, or a path with variables.
    Path(String, Option<Pattern>),
    Status(u16),
    Fault(String),
    Connection(u64),
}

impl Filter {
    /// Parses a filter from its name and its value.
    pub(crate) fn parse(name: &str, value: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("'{}' is not {what}", value.escape_debug());
        match name {
            "method" => {
                let is_lower = value.contains(|c: char| c.is_ascii_lowercase());
                match Method::from_bytes(value.as_bytes()) {
                    Ok(_) if !is_lower => Ok(Self::Method(value.to_owned())),
                    _ => Err(wrong("a method, such as POST, in capitals")),
                }
            }
            "path" => Self::parse_path(value).map_err(|why| {
                let what = "a path, such as /orders/5, or one with variables, such as /orders/{id}";
                format!("{}: {why}", wrong(what))
            }),
            "status" => {
                let status = value.parse().ok();
                let status = status.filter(|status| (100..=999).contains(status));
                status
                    .map(Self::Status)
                    .ok_or_else(|| wrong("a status, a number from 100 to 999"))
            }
            "fault" => match Spec::find(value) {
                Some(_) => Ok(Self::Fault(value.to_owned())),
                None => {
                    let meant = Spec::closest(value).map(|spec| spec.name);
                    let meant = meant.map(|name| format!("; did you mean '{name}'?"));
                    let meant = meant.unwrap_or_default();
                    Err(format!("unknown fault '{}'{meant}", value.escape_debug()))
                }
            },
            "connection" => {
                let number = value.parse().ok().filter(|&number| number > 0);
                number
                    .map(Self::Connection)
                    .ok_or_else(|| wrong("the number of a connection, counted from 1"))
            }
            _ => Err(format!(
                "unknown filter '{name}': use method, path, status, fault or connection"
            )),
        }
    }

    fn parse_path(value: &str) -> Result<Self, &'static str> {
        if value.contains(['{', '}']) {
            let pattern = Pattern::of_path(value)?;
            return Ok(Self::Path(value.to_owned(), Some(pattern)));
        }
        match value.starts_with('/') {
            true => Ok(Self::Path(value.to_owned(), None)),
            false => Err("the path must begin with /"),
        }
    }

    /// Returns whether this filter lets a request through.
    pub(crate) fn admits(&self, request: &RecordedRequest) -> bool {
        match self {
            Self::Method(method) => request.method == *method,
            Self::Path(path, None) => request.path == *path,
            Self::Path(_, Some(pattern)) => {
                let path = request.path.split('?').next().unwrap_or_default();
                pattern.variables(path).is_some()
            }
            Self::Status(status) => request.status == Some(*status),
            Self::Fault(fault) => request.faults.iter().any(|met| met == fault),
            Self::Connection(number) => request.connection == *number,
        }
    }
}
