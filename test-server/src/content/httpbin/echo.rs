//! What a request contained, as JSON in the words of httpbin.

use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use crate::content::httpbin::Client;
use crate::matching::Request;

/// Returns the words of the query, the headers, the address of the client and the URL.
pub(super) fn head(request: &Request, client: &Client<'_>) -> Map<String, Value> {
    let host = request.header("host").unwrap_or("localhost");
    let query = match request.query.as_str() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let mut map = Map::new();
    map.insert("args".into(), pairs(request.query.as_bytes()));
    map.insert("headers".into(), headers(request));
    map.insert("origin".into(), origin(client.address));
    map.insert(
        "url".into(),
        format!("{}://{host}{}{query}", client.scheme, request.path).into(),
    );
    map
}

/// Returns the same with the body.
pub(super) fn whole(request: &Request, client: &Client<'_>) -> Map<String, Value> {
    let media_type = request.header("content-type").unwrap_or_default();
    let is_form = media_type.starts_with("application/x-www-form-urlencoded");
    let form = if is_form { &request.body[..] } else { &[] };
    let mut map = head(request, client);
    map.insert(
        "data".into(),
        if is_form { "".into() } else { data(request) },
    );
    map.insert("files".into(), json!({}));
    map.insert("form".into(), pairs(form));
    map.insert("json".into(), request.json().unwrap_or(Value::Null));
    map
}

/// Returns the headers with their names capitalized, as httpbin shows them.
pub(super) fn headers(request: &Request) -> Value {
    let mut map: Map<String, Value> = Map::new();
    for (name, value) in &request.headers {
        let value = match map.get(&capitalized(name)).and_then(Value::as_str) {
            Some(earlier) => format!("{earlier},{value}"),
            None => value.clone(),
        };
        map.insert(capitalized(name), value.into());
    }
    map.into()
}

pub(super) fn origin(address: Option<IpAddr>) -> Value {
    address.map_or(Value::Null, |address| address.to_string().into())
}

fn capitalized(name: &str) -> String {
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => String::new(),
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Returns the pairs of a form. A name that occurs several times has a list.
fn pairs(text: &[u8]) -> Value {
    let mut map: Map<String, Value> = Map::new();
    for (name, value) in form_urlencoded::parse(text) {
        let value = Value::from(value.into_owned());
        match map.get_mut(&*name) {
            None => {
                map.insert(name.into_owned(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(earlier) => *earlier = json!([earlier.take(), value]),
        }
    }
    map.into()
}

/// Returns the body as text, or as a data URL if it is none.
fn data(request: &Request) -> Value {
    match std::str::from_utf8(&request.body) {
        Ok(text) => text.into(),
        Err(_) => {
            let packed = BASE64_STANDARD.encode(&request.body);
            format!("data:application/octet-stream;base64,{packed}").into()
        }
    }
}
