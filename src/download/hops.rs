//! Which URL a request has arrived at, after the redirects so far.
//!
//! An error of the HTTP client names the URL of the request, and a request that times out has none. But the address that
//! refuses a connection, and the proxy in between, are those of the last redirect.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;
use reqwest::redirect::Policy;

tokio::task_local! {
    /// The last URL of the request that this task sends.
    static LAST: LastHop;
}

/// The last URL of a request, kept up to date by [`policy`].
#[derive(Debug, Clone)]
pub(super) struct LastHop(Arc<Mutex<Url>>);

impl LastHop {
    /// Returns the last URL of a request for `url`.
    pub(super) fn new(url: &Url) -> Self {
        Self(Arc::new(Mutex::new(url.clone())))
    }

    /// Sends a request for `url` and notes the redirects that it follows.
    pub(super) async fn watch<F: Future>(&self, url: &Url, request: F) -> F::Output {
        self.set(url);
        LAST.scope(self.clone(), request).await
    }

    /// Returns the URL.
    pub(super) fn url(&self) -> Url {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, url: &Url) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = url.clone();
    }
}

/// Returns the policy of up to ten redirects, which also notes each of them.
pub(super) fn policy() -> Policy {
    Policy::custom(|attempt| {
        // Requests that nobody watches have no last URL.
        let _ = LAST.try_with(|last| last.set(attempt.url()));
        Policy::default().redirect(attempt)
    })
}
