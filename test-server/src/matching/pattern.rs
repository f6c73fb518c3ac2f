//! A method and a path with variables, such as `GET /orders/{id}`.

use std::fmt;

use percent_encoding::percent_decode_str;

/// A method and a path, with the words of a query that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// As it was written.
    text: String,
    /// The method, or `None` for any.
    method: Option<String>,
    segments: Vec<Segment>,
    /// The name and the value of each word of the query, decoded.
    query: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// This text, decoded.
    Text(String),
    /// Any one segment that is not empty.
    Variable(String),
    /// All further segments.
    Rest(String),
}

impl Pattern {
    /// Parses `METHOD PATH` or `METHOD PATH?QUERY`. The method `*` stands for any.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!("'{text}' is not METHOD PATH, such as 'GET /orders/{{id}}' or '* /': {why}")
        };
        let (method, target) = text
            .split_once(' ')
            .ok_or_else(|| wrong("there is no blank after the method"))?;
        let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if method != "*" && !is_method {
            return Err(wrong("the method must be in capitals"));
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let segments = parse_path(path).map_err(wrong)?;
        Ok(Self {
            text: text.to_owned(),
            method: (method != "*").then(|| method.to_owned()),
            segments,
            query: pairs(query),
        })
    }

    /// Parses a path, with any method and without a query. The error is the reason alone.
    pub(crate) fn of_path(path: &str) -> Result<Self, &'static str> {
        Ok(Self {
            text: format!("* {path}"),
            method: None,
            segments: parse_path(path)?,
            query: Vec::new(),
        })
    }

    /// Returns whether the method is the one of this pattern.
    pub(crate) fn has_method(&self, method: &str) -> bool {
        self.method.as_deref().is_none_or(|own| own == method)
    }

    /// Returns the variables in a path that has this pattern, decoded.
    pub(crate) fn variables(&self, path: &str) -> Option<Vec<(String, String)>> {
        variables(&self.segments, path)
    }

    /// Returns the words of the query that a request must have.
    pub(crate) fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// Returns the path as it was written, without the query.
    pub(crate) fn path(&self) -> &str {
        let (_, target) = self.text.split_once(' ').unwrap_or_default();
        target.split_once('?').map_or(target, |(path, _)| path)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the names and values of a query, decoded as those of a form.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn parse_path(path: &str) -> Result<Vec<Segment>, &'static str> {
    let inside = path.strip_prefix('/').ok_or("the path must begin with /")?;
    if inside.contains(char::is_whitespace) {
        return Err("a blank in a path is written %20");
    }
    let mut segments = Vec::new();
    for part in inside.split('/') {
        if matches!(segments.last(), Some(Segment::Rest(_))) {
            return Err("{*...} must be the last segment");
        }
        let name = part
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        let is_name = |name: &str| !name.is_empty() && !name.contains(['{', '}', '*']);
        segments.push(match name {
            Some(name) if is_name(name) => Segment::Variable(name.to_owned()),
            Some(name) => match name.strip_prefix('*').filter(|name| is_name(name)) {
                Some(name) => Segment::Rest(name.to_owned()),
                None => return Err("a variable is a whole segment, such as {id} or {*rest}"),
            },
            None if part.contains(['{', '}']) => {
                return Err("a variable is a whole segment, such as {id} or {*rest}");
            }
            None => Segment::Text(decode(part)),
        });
    }
    Ok(segments)
}

/// Returns the variables of these segments in a path, if it has the same segments.
fn variables(segments: &[Segment], path: &str) -> Option<Vec<(String, String)>> {
    let mut rest = Some(path.strip_prefix('/')?);
    let mut found = Vec::new();
    for segment in segments {
        let left = rest?;
        let (part, after) = match left.split_once('/') {
            Some((part, after)) => (part, Some(after)),
            None => (left, None),
        };
        match segment {
            Segment::Text(text) if *text == decode(part) => {}
            Segment::Variable(name) if !part.is_empty() => found.push((name.clone(), decode(part))),
            Segment::Rest(name) => {
                found.push((name.clone(), decode(left)));
                return Some(found);
            }
            Segment::Text(_) | Segment::Variable(_) => return None,
        }
        rest = after;
    }
    rest.is_none().then_some(found)
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, path: &str) -> Option<Vec<(String, String)>> {
        Pattern::parse(pattern).unwrap().variables(path)
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn paths_have_the_segments_of_their_pattern() {
        assert_eq!(found("GET /", "/"), Some(vec![]));
        assert_eq!(found("GET /a/b", "/a/b"), Some(vec![]));
    }

    #[test]
    fn variables_are_whole_segments_and_decoded() {
        assert_eq!(
            found("GET /orders/{id}", "/orders/a%2Fb"),
            Some(vec![pair("id", "a/b")])
        );
        assert_eq!(
            found("GET /a/{x}/{*rest}", "/a/1/2/3"),
            Some(vec![pair("x", "1"), pair("rest", "2/3")])
        );
        assert_eq!(found("GET /a%20b", "/a%20b"), Some(vec![]));
        for (pattern, path) in [
            ("GET /orders/{id}", "/orders/"),
            ("GET /orders/{id}", "/orders/1/2"),
            ("GET /orders", "/orders/"),
            ("GET /orders/", "/orders"),
            ("GET /a/{*rest}", "/a"),
            ("GET /A", "/a"),
        ] {
            assert_eq!(found(pattern, path), None, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_not_a_pattern_is_refused_with_the_reason() {
        for (text, why) in [
            ("/orders", "there is no blank after the method"),
            ("get /orders", "the method must be in capitals"),
            ("GET orders", "the path must begin with /"),
            ("GET /a b", "a blank in a path is written %20"),
            (
                "GET /a{b}",
                "a variable is a whole segment, such as {id} or {*rest}",
            ),
            (
                "GET /{}",
                "a variable is a whole segment, such as {id} or {*rest}",
            ),
            ("GET /{*a}/b", "{*...} must be the last segment"),
        ] {
            let message = Pattern::parse(text).unwrap_err();
            assert!(message.ends_with(&format!(": {why}")), "{message}");
        }
    }
}
