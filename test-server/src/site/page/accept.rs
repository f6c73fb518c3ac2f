//! Content negotiation: HTML for clients that accept `text/html` explicitly (browsers), text for others (curl).

use axum::http::{HeaderMap, header};

/// Returns whether the client accepts `text/html` explicitly, with at least the weight of `text/plain`.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let html = weight(headers, "text/html");
    html > 0.0 && html >= weight(headers, "text/plain")
}

/// Returns the weight of this media type, from 0 to 1; 0 if it is not named. Ranges such as `*/*` do not count.
fn weight(headers: &HeaderMap, media_type: &str) -> f64 {
    let lines = headers.get_all(header::ACCEPT).into_iter();
    let ranges = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let weights = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let matches = parts.next()?.eq_ignore_ascii_case(media_type);
        let q = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        matches.then(|| q.map_or(1.0, |q| q.trim().parse().unwrap_or(0.0)))
    });
    weights.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clients_that_name_html_get_html() {
        let prefers = |accept: &[&'static str]| {
            let values = accept.iter().map(|line| line.parse().unwrap());
            prefers_html(&values.map(|value| (header::ACCEPT, value)).collect())
        };
        for browser in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            "text/html, */*",
            "TEXT/HTML;charset=utf-8;q=0.2",
            "text/plain;q=0.5, text/html;q=0.5",
        ] {
            assert!(prefers(&[browser]), "{browser}");
        }
        for other in [
            "*/*",
            "",
            "text/*",
            "application/json",
            "text/html;q=0",
            "text/html;q=many",
            "text/html;q=0.4, text/plain",
            "text/htmlx",
        ] {
            assert!(!prefers(&[other]), "{other}");
        }
        assert!(!prefers(&[]));
        assert!(prefers(&["image/gif", "text/html"]), "on a line of its own");
    }
}
