//! The client of a shop: it orders with a POST of JSON over TLS, and tries three times.

use reqwest::{Certificate, Client, Response, StatusCode};
use serde_json::{Value, json};

/// The most attempts at an order.
const ATTEMPTS: u32 = 3;

/// Creates a client that trusts only what this authority has signed, a certificate in PEM.
///
/// # Errors
/// If the text is not a certificate.
pub fn client(authority: &str) -> reqwest::Result<Client> {
    // Fails if another client has done so before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = Certificate::from_pem(authority.as_bytes())?;
    let client = Client::builder().tls_certs_only([authority]);
    client.no_proxy().build()
}

/// Orders an item and returns the number of the order. Tries again if the shop is busy or the connection breaks.
///
/// # Errors
/// What went wrong at the last attempt, or at once if the shop refuses the order.
pub async fn order(client: &Client, shop: &str, item: &str) -> reqwest::Result<Option<u64>> {
    let mut attempt = 1;
    loop {
        match order_once(client, shop, item).await {
            Err(error) if attempt < ATTEMPTS && may_pass(&error) => attempt += 1,
            result => return result,
        }
    }
}

async fn order_once(client: &Client, shop: &str, item: &str) -> reqwest::Result<Option<u64>> {
    let request = client.post(format!("{shop}/orders"));
    let response = request.json(&json!({ "item": item })).send().await;
    let order: Value = response
        .and_then(Response::error_for_status)?
        .json()
        .await?;
    Ok(order["id"].as_u64())
}

/// Returns whether another attempt may succeed.
fn may_pass(error: &reqwest::Error) -> bool {
    let status = error.status();
    status.is_none_or(|status| status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS)
}
