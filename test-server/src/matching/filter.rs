//! A filter of recorded requests, as a query names it.

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
        let wrong = |what: &str| format!("'{value}' is not {what}");
        match name {
            "method" => Ok(Self::Method(value.to_owned())),
            "path" => {
                let pattern = Pattern::parse(&format!("* {value}")).ok();
                let pattern = pattern.filter(|_| value.contains('{'));
                Ok(Self::Path(value.to_owned(), pattern))
            }
            "status" => value
                .parse()
                .map(Self::Status)
                .map_err(|_| wrong("a status")),
            "fault" => Ok(Self::Fault(value.to_owned())),
            "connection" => {
                let number = value.parse();
                number
                    .map(Self::Connection)
                    .map_err(|_| wrong("the number of a connection"))
            }
            _ => Err(format!(
                "unknown filter '{name}': use method, path, status, fault or connection"
            )),
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
