//! The paths that read and change a running proxy. They are on a port of their own.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use super::state::State as Proxy;
use crate::plan::{Plan, PlanError};

pub(crate) fn paths() -> Router<Arc<Proxy>> {
    Router::new()
        .route("/__health", get(async || "ok\n"))
        .route("/__stats", get(stats))
        .route("/__reset", post(reset))
        .route("/__plan", get(plan).put(set_plan).post(set_plan))
}

async fn stats(State(proxy): State<Arc<Proxy>>) -> Response {
    Json(proxy.counters.stats()).into_response()
}

async fn reset(State(proxy): State<Arc<Proxy>>) -> StatusCode {
    proxy.counters.reset();
    StatusCode::NO_CONTENT
}

async fn plan(State(proxy): State<Arc<Proxy>>) -> String {
    format!("{}\n", proxy.plan())
}

async fn set_plan(State(proxy): State<Arc<Proxy>>, text: String) -> Response {
    let plan: Plan = match text.parse() {
        Ok(plan) => plan,
        Err(error) => {
            let error: PlanError = error;
            return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response();
        }
    };
    let words = format!("{plan}\n");
    match proxy.set_plan(plan) {
        Ok(()) => words.into_response(),
        Err(why) => (StatusCode::CONFLICT, format!("{why}\n")).into_response(),
    }
}
