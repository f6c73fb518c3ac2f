//! A pattern with its conditions.

use std::fmt;

use crate::matching::condition::Condition;
use crate::matching::pattern::Pattern;
use crate::matching::request::Request;

/// Which requests are meant.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    pub(crate) pattern: Pattern,
    conditions: Vec<Condition>,
}

impl Matcher {
    /// Creates a matcher from a pattern such as `GET /orders?page=2`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let pattern = Pattern::parse(text)?;
        let query = pattern.query().iter().cloned();
        Ok(Self {
            conditions: query
                .map(|(name, value)| Condition::Query(name, value))
                .collect(),
            pattern,
        })
    }

    pub(crate) fn add(&mut self, condition: Condition) {
        self.conditions.push(condition);
    }

    /// Returns the request with the variables of its path, if it is meant.
    pub(crate) fn admit(&self, request: &Request) -> Option<Request> {
        let variables = self.pattern.variables(&request.path)?;
        self.meets_the_rest(request).then(|| Request {
            variables,
            ..request.clone()
        })
    }

    /// Returns whether a request is meant.
    pub(crate) fn is_for(&self, request: &Request) -> bool {
        self.pattern.variables(&request.path).is_some() && self.meets_the_rest(request)
    }

    fn meets_the_rest(&self, request: &Request) -> bool {
        let mut conditions = self.conditions.iter();
        self.pattern.has_method(&request.method)
            && conditions.all(|condition| condition.difference(request).is_none())
    }

    /// Returns what is different in a request that is not meant. Empty if it is.
    pub(crate) fn differences(&self, request: &Request) -> Vec<String> {
        let mut differences = Vec::new();
        if self.pattern.variables(&request.path).is_none() {
            differences.push("another path".to_owned());
        }
        if !self.pattern.has_method(&request.method) {
            differences.push("another method".to_owned());
        }
        let conditions = self.conditions.iter();
        differences.extend(conditions.filter_map(|condition| condition.difference(request)));
        differences
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.pattern)?;
        // Those of the query in the pattern are in its text.
        for condition in &self.conditions[self.pattern.query().len()..] {
            write!(f, ", {condition}")?;
        }
        Ok(())
    }
}

/// Defines the methods that add conditions to what `matcher` returns: `Self::add_condition` must take one.
macro_rules! matching_methods {
    () => {
        /// Asks for a header with this value. Upper and lower case are the same in its name.
        pub fn when_header(&self, name: &str, value: &str) -> Self {
            self.add_condition(Condition::Header(name.to_owned(), value.to_owned()))
        }

        /// Asks for a word of the query with this value, decoded: `("page", "2")` for `?page=2`.
        pub fn when_query(&self, name: &str, value: &str) -> Self {
            self.add_condition(Condition::Query(name.to_owned(), value.to_owned()))
        }

        /// Asks for this body.
        pub fn when_body(&self, body: impl AsRef<[u8]>) -> Self {
            let body = axum::body::Bytes::copy_from_slice(body.as_ref());
            self.add_condition(Condition::Body(body))
        }

        /// Asks for a body that contains this text.
        pub fn when_body_contains(&self, text: &str) -> Self {
            self.add_condition(Condition::BodyContains(text.to_owned()))
        }

        /// Asks for a body that is JSON with this value: the order of members and blanks do not matter.
        pub fn when_json(&self, value: serde_json::Value) -> Self {
            self.add_condition(Condition::Json(value))
        }

        /// Asks for a body that is JSON with at least these members, at any depth.
        pub fn when_json_includes(&self, value: serde_json::Value) -> Self {
            self.add_condition(Condition::JsonIncludes(value))
        }

        /// Asks for a request for which this function returns true.
        pub fn when(&self, meets: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
            self.add_condition(Condition::Function(std::sync::Arc::new(meets)))
        }
    };
}
pub(crate) use matching_methods;
