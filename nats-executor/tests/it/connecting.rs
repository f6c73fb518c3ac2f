//! Connections that cannot be made, and users with passwords.

use std::time::Duration;

use nats_executor::{ConnectError, NatsExecutor, NatsOptions};

use crate::support::{Server, Worker, options};
use crate::tasks::Noop;

#[test]
fn a_url_without_a_server_is_an_error_that_names_it() {
    let error = NatsExecutor::connect("nats://127.0.0.1:1", NatsOptions::new()).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("nats://127.0.0.1:1"), "{error}");

    let error = NatsExecutor::connect("http://127.0.0.1", NatsOptions::new()).unwrap_err();
    assert!(matches!(error, ConnectError::Url { .. }), "{error}");

    let error = NatsExecutor::connect("nats://127.0.0.1", NatsOptions::new().pool("a.b"));
    assert!(matches!(error, Err(ConnectError::PoolName(_))));
}

#[test]
fn a_server_that_never_greets_is_an_error_after_the_connect_timeout() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", silent.local_addr().unwrap());
    let options = NatsOptions::new().connect_timeout(Duration::from_millis(200));
    let error = NatsExecutor::connect(&url, options).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
}

#[test]
fn a_server_without_jetstream_is_an_error_that_says_so() {
    let server = Server::with("accounts { A { users = [{user: u, password: p}] } }");
    let url = format!("nats://u:p@127.0.0.1:{}", server.port());
    let error = NatsExecutor::connect(&url, options()).unwrap_err();
    assert!(matches!(error, ConnectError::JetStream { .. }), "{error}");
    assert!(
        error.to_string().contains("-js") && !error.to_string().contains("u:p"),
        "{error}"
    );
}

#[test]
fn wrong_credentials_are_refused_and_never_printed() {
    let server = Server::with("authorization { user: worker, password: secret }");
    let with = |user| format!("nats://{user}@127.0.0.1:{}", server.port());
    let error = NatsExecutor::connect(&with("worker:guessed"), options()).unwrap_err();
    assert!(
        matches!(error, ConnectError::Unauthorized { .. }),
        "{error}"
    );
    assert!(!error.to_string().contains("guessed"), "{error}");

    let missing = options().credentials("/no/such.creds");
    let error = NatsExecutor::connect(&with("worker:secret"), missing).unwrap_err();
    assert!(error.to_string().contains("/no/such.creds"), "{error}");

    let _worker = Worker::start(&with("worker:secret"));
    let executor = NatsExecutor::connect(&with("worker:secret"), options()).unwrap();
    assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42));
}
