use std::time::Duration;

use serde_json::json;
use test_server::{Fault, Plan, TestServer};

fn shop(plan: Plan) -> TestServer {
    let server = TestServer::builder().tls().with_plan(plan).start().unwrap();
    let route = server.route("POST /orders").when_json_includes(json!({"item": "pen"}));
    route.status(201).json(json!({"id": 5}));
    server
}

async fn order(server: &TestServer) -> reqwest::Result<Option<u64>> {
    let client = orders::client(&server.ca_pem().unwrap())?;
    orders::order(&client, &server.base_url(), "pen").await
}

#[tokio::test]
async fn an_order_arrives_despite_two_failures() {
    let busy = Fault::status([503]).retry_after(Duration::from_secs(1));
    let failures = Fault::sequence([busy, Fault::reset(), Fault::ok()]);
    let server = shop(Plan::new().percent(100, failures));
    server.expect("POST /orders").when_json(json!({"item": "pen"})).times(3);
    assert_eq!(order(&server).await.unwrap(), Some(5));
}

#[tokio::test]
async fn an_order_is_given_up_after_three_attempts_or_one_that_is_refused() {
    let faults = [Fault::reset(), Fault::garbage(), Fault::close_body(5), Fault::status([500])];
    for (fault, attempts) in faults.map(|fault| (fault, 3)).into_iter().chain([
        (Fault::status([404]), 1),
        (Fault::tls_wrong_host(), 0),
    ]) {
        let server = shop(Plan::new().percent(100, fault));
        server.expect("POST /orders").times(attempts);
        assert!(order(&server).await.is_err());
    }
}
