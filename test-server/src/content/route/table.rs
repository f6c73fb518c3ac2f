//! The routes of a server.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::content::route::response::Response;
use crate::matching::{Condition, Matcher, Request};

/// The routes of a server, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct RouteTable {
    routes: RwLock<Vec<Arc<Definition>>>,
    /// Read without the lock: most servers have no routes, and their requests must not become slower.
    has_routes: AtomicBool,
}

/// What a route answers, and how.
#[derive(Debug)]
pub(crate) struct Definition(Mutex<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    matcher: Matcher,
    answer: Answer,
    /// The most requests that it answers.
    most: u64,
    answered: u64,
}

/// Where the response of a route comes from.
#[derive(Clone)]
pub(super) enum Answer {
    Fixed(Response),
    Function(Arc<dyn Fn(&Request) -> Response + Send + Sync>),
}

impl RouteTable {
    /// Adds a route that answers with status 200.
    pub(crate) fn add(&self, matcher: Matcher) -> Arc<Definition> {
        let definition = Arc::new(Definition(Mutex::new(Parts {
            matcher,
            answer: Answer::Fixed(Response::new(200)),
            most: u64::MAX,
            answered: 0,
        })));
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        routes.push(Arc::clone(&definition));
        self.has_routes.store(true, Ordering::Release);
        definition
    }

    /// Adds a route that answers with this response.
    pub(crate) fn add_fixed(&self, matcher: Matcher, response: Response) {
        self.add(matcher).set_answer(Answer::Fixed(response));
    }

    /// Returns whether a route may answer a request with this method and path, depending on the rest of it.
    pub(crate) fn may_answer(&self, method: &str, path: &str) -> bool {
        self.has_routes.load(Ordering::Acquire)
            && self.latest_first().iter().any(|route| {
                let parts = route.lock();
                let pattern = &parts.matcher.pattern;
                pattern.has_method(method) && pattern.variables(path).is_some()
            })
    }

    /// Returns the response to a request, if a route answers it.
    pub(crate) fn answer(&self, request: &Request) -> Option<axum::response::Response> {
        let routes = self.latest_first();
        let response = routes.iter().find_map(|route| route.answer_to(request));
        response.map(Response::into_http)
    }

    /// Returns the routes outside the lock, under which no function of a user may run.
    fn latest_first(&self) -> Vec<Arc<Definition>> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        routes.iter().rev().cloned().collect()
    }
}

impl Definition {
    pub(super) fn answer(&self) -> Answer {
        self.lock().answer.clone()
    }

    pub(super) fn set_answer(&self, answer: Answer) {
        self.lock().answer = answer;
    }

    pub(super) fn set_most(&self, requests: u64) {
        self.lock().most = requests;
    }

    pub(super) fn answered(&self) -> u64 {
        self.lock().answered
    }

    pub(super) fn add_condition(&self, condition: Condition) {
        self.lock().matcher.add(condition);
    }

    /// Returns the response to a request if this route answers it.
    fn answer_to(&self, request: &Request) -> Option<Response> {
        let parts = self.lock().clone();
        let request = parts.matcher.admit(request)?;
        {
            let mut parts = self.lock();
            if parts.answered >= parts.most {
                return None;
            }
            parts.answered += 1;
        }
        Some(match parts.answer {
            Answer::Fixed(response) => response,
            Answer::Function(answer) => answer(&request),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(response) => write!(f, "{response:?}"),
            Self::Function(_) => f.write_str("a function"),
        }
    }
}
