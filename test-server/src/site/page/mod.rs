//! The page at `/`: HTML for browsers, a few lines of text for other clients. It is not counted as a request.
//!
//! The page works without its script: it contains the current numbers, and its forms are plain POSTs that redirect back
//! to it. Only `control` decides which requests may see the numbers and change the server, both for the page and for
//! the paths it uses.
//!
//! * `accept`: which clients get HTML
//! * `text`: the page as plain text
//! * `controls`: the counters and the forms of the page
//! * `html`: the whole page

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::site::Site;
use crate::site::control;
use crate::site::group::Group;

mod accept;
mod controls;
mod html;
mod text;

use html::{Access, Page};

/// Returns the routes of the page and of its forms.
pub(crate) fn routes(site: &Arc<Site>, group: Group) -> Router<Arc<Site>> {
    let show_page = {
        let group = group.clone();
        async move |State(site): State<Arc<Site>>, headers: HeaderMap| show(&site, &group, &headers)
    };
    let change = async move |State(site): State<Arc<Site>>, headers: HeaderMap, form: String| {
        change_plan(&site, &group, &headers, &form)
    };
    let forms = Router::new()
        // A visitor who reloads the response to a form by its address is redirected to the page.
        .route("/__page/plan", get(redirect_to_page).post(change))
        .route("/__page/reset", get(redirect_to_page).post(reset));
    Router::new()
        .route("/", get(show_page.clone()))
        // The base URL that the ready lines and `TestServer::url` show.
        .route("/flags", get(show_page.clone()))
        .route("/flags/", get(show_page))
        .merge(control::guarded(forms, site))
}

fn show(site: &Site, group: &Group, headers: &HeaderMap) -> Response {
    if !accept::prefers_html(headers) {
        return ([(header::VARY, "Accept")], text::plain_text(site)).into_response();
    }
    let access = if site.access.admits_own_pages(headers) {
        Access::Open
    } else {
        Access::Closed(site.access.closed_reason())
    };
    page(site, group, headers, access)
}

fn change_plan(site: &Site, group: &Group, headers: &HeaderMap, form: &str) -> Response {
    let Some(typed) = typed_plan(form) else {
        return (StatusCode::BAD_REQUEST, "the form has no field 'plan'\n").into_response();
    };
    match control::change_plan(site, &typed) {
        Ok(_) => Redirect::to("/").into_response(),
        Err((status, why)) => {
            let (typed, why) = (typed.as_str(), why.as_str());
            let refused = page(site, group, headers, Access::PlanRefused { typed, why });
            (status, refused).into_response()
        }
    }
}

/// Returns the field `plan` of a form that is `application/x-www-form-urlencoded`.
fn typed_plan(form: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(form.as_bytes());
    fields.find_map(|(name, value)| (name == "plan").then(|| value.into_owned()))
}

async fn reset(State(site): State<Arc<Site>>) -> Redirect {
    site.reset();
    redirect_to_page().await
}

async fn redirect_to_page() -> Redirect {
    Redirect::to("/")
}

fn page(site: &Site, group: &Group, headers: &HeaderMap, access: Access<'_>) -> Response {
    let nonce = nonce();
    let page = Page {
        site,
        servers: &group.running(),
        host: host_name(headers),
        access,
        nonce: &nonce,
    };
    // `frame-ancestors` prevents clickjacking: other pages cannot embed this one.
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let head = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::VARY, "Accept"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A cached page would show old numbers.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (head, page.render().into_string()).into_response()
}

/// Returns a new nonce for one page. It cannot be guessed, because the keys of a `RandomState` come from the system.
fn nonce() -> String {
    let state = RandomState::new();
    format!("{:016x}{:016x}", state.hash_one(0), state.hash_one(1))
}

/// Returns the host name by which the visitor addresses this machine. The links to the other servers use the same name.
fn host_name(headers: &HeaderMap) -> &str {
    let host = headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.split_once(']') {
        Some((v6, _)) => &host[..=v6.len()],
        None => host.split(':').next().unwrap_or_default(),
    };
    if name.is_empty() { "localhost" } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_come_from_the_request() {
        let name_in = |host: &'static str| {
            let headers: HeaderMap = [(header::HOST, host.parse().unwrap())]
                .into_iter()
                .collect();
            host_name(&headers).to_owned()
        };
        assert_eq!(name_in("localhost:8001"), "localhost");
        assert_eq!(name_in("127.0.0.1"), "127.0.0.1");
        assert_eq!(name_in("[::1]:8001"), "[::1]");
        assert_eq!(name_in("[::1]"), "[::1]");
        assert_eq!(name_in(""), "localhost");
        assert_eq!(host_name(&HeaderMap::new()), "localhost");
    }

    #[test]
    fn plans_in_forms_are_decoded() {
        let sent = "a=b&plan=100%3Astatus%3D503%2Breason%3D%22a+%26+%C3%A9%22";
        let typed = r#"100:status=503+reason="a & é""#;
        assert_eq!(typed_plan(sent).as_deref(), Some(typed));
        assert_eq!(typed_plan("plan=").as_deref(), Some(""));
        assert_eq!(typed_plan("plans=x"), None);
        assert_eq!(typed_plan(""), None);
    }

    #[test]
    fn no_two_pages_have_the_same_nonce() {
        assert_ne!(nonce(), nonce());
    }
}
