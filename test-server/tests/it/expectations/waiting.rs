//! Expectations with a time, and checks that wait.

use std::thread;
use std::time::Duration;

use super::{BR, panic_message, server};
use crate::support::get;

#[test]
fn a_check_waits_for_missing_requests_that_still_have_time() {
    let server = server();
    let expectation = server
        .expect("GET /a")
        .times(2)
        .within(Duration::from_secs(60));
    thread::scope(|scope| {
        let client = scope.spawn(|| {
            get(&server, "/a");
            get(&server, "/a");
        });
        expectation.verify();
        client.join().unwrap();
    });
}

#[test]
fn requests_after_the_time_do_not_count() {
    let server = server();
    let expectation = server.expect("GET /a").within(Duration::ZERO);
    get(&server, "/a");
    let message = panic_message(|| expectation.verify());
    assert!(
        message.contains("GET /a: expected 1 request, 0 came within 0s, 1 later\n"),
        "{message}"
    );
    expectation.times(0);
    server.verify();
}

#[test]
fn stop_checks_before_the_end_and_waits_for_what_still_has_time() {
    use std::io::{Read as _, Write as _};
    use std::sync::mpsc;

    let waiting = server();
    waiting.expect("GET /a").within(Duration::from_secs(60));
    let mut connection = std::net::TcpStream::connect(waiting.addresses()[0]).unwrap();
    let (stopping, is_stopping) = mpsc::channel();
    let client = thread::spawn(move || {
        is_stopping.recv().unwrap();
        write!(connection, "GET /a HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        connection.read_exact(&mut [0; 12])
    });
    stopping.send(()).unwrap();
    assert_eq!(waiting.stop().requests, 1);
    client.join().unwrap().unwrap();

    let server = server();
    server.expect("GET /a");
    let message = panic_message(|| drop(server.stop()));
    assert!(
        message.contains("GET /a: expected 1 request, 0 came"),
        "{message}"
    );
}

#[test]
fn a_check_that_waits_sees_the_rest_of_a_body_and_requests_that_are_refused() {
    use std::io::Write as _;
    use std::sync::mpsc;

    let server = server();
    let minute = Duration::from_secs(60);
    let (looked, has_looked) = mpsc::channel();
    let upload = server.expect("POST /a").when(move |request| {
        // The receiver is gone when the test is over.
        let _ = looked.send(());
        request.text() == "x"
    });
    upload.in_order().within(minute);
    server.expect("GET /b").in_order().within(minute);
    server.expect("POST /flags/br/br.gif").within(minute);
    let address = server.addresses()[0];
    let mut connection = std::net::TcpStream::connect(address).unwrap();
    write!(
        connection,
        "POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n"
    )
    .unwrap();
    crate::support::wait_until("the head is there", &server, |stats| stats.requests == 1);
    thread::scope(|scope| {
        let server = &server;
        let client = scope.spawn(move || {
            has_looked.recv().unwrap();
            get(server, "/b");
            has_looked.recv().unwrap();
            connection.write_all(b"x").unwrap();
            crate::support::read(&mut connection, 1);
            // On the same connection: its end would wake the check as well.
            let refused = format!("POST {BR} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
            connection.write_all(refused.as_bytes()).unwrap();
            crate::support::read(&mut connection, 1);
            connection
        });
        server.verify();
        drop(client.join());
    });
}

#[tokio::test]
async fn a_check_in_an_async_test_waits_on_a_thread_of_its_own() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let server = server();
    server.expect("GET /a").within(Duration::from_secs(60));
    let address = server.addresses()[0];
    let check = tokio::task::spawn_blocking(move || server.stop());
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n";
    client.write_all(request).await.unwrap();
    client.read_u8().await.unwrap();
    assert_eq!(check.await.unwrap().requests, 1);
}
