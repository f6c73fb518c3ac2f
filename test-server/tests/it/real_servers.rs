//! In front of servers that others have written: Redis, nginx, and an echo of WebSockets.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use test_server::{TcpProxy, TestServer};
use tungstenite::{Message, WebSocket};

use crate::support::other::{Other, nginx, redis};
use crate::support::{ConnectionState, exchange, get, read};

/// A client of Redis.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, words: &[&str]) {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.0.get_mut().write_all(command.as_bytes()).unwrap();
    }

    /// Reads a reply: a line, or a string with its length before it.
    fn reply(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(length) = line.strip_prefix('$') else {
            return Ok(line.trim_end().to_owned());
        };
        let mut bytes = vec![0; length.trim_end().parse::<usize>().unwrap() + 2];
        self.0.read_exact(&mut bytes)?;
        bytes.truncate(bytes.len() - 2);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn ask(&mut self, words: &[&str]) -> String {
        self.send(words);
        self.reply().unwrap()
    }
}

fn in_front_of_redis(redis: &Other, plan: &str) -> (TcpProxy, Client) {
    let builder = TcpProxy::builder(redis.address.to_string());
    let proxy = builder.plan(plan).unwrap().start().unwrap();
    let client = Client::new(proxy.addresses()[0]);
    (proxy, client)
}

#[test]
fn redis_answers_late_and_completely() {
    let Some(redis) = redis() else { return };
    let (_proxy, mut client) = in_front_of_redis(&redis, "100:tcp-latency=60ms+tcp-slice=7");
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(client.ask(&["PING"]), "+PONG");
        assert!(start.elapsed() >= Duration::from_millis(60));
    }
    // Replies to a thousand commands are on their way at once.
    let (_proxy, mut client) = in_front_of_redis(&redis, "100:tcp-latency=5ms+tcp-jitter=5ms");
    for n in 0..1000 {
        client.send(&["SET", &format!("key {n}"), &"x".repeat(n)]);
    }
    for _ in 0..1000 {
        assert_eq!(client.reply().unwrap(), "+OK");
    }
    assert_eq!(client.ask(&["GET", "key 999"]), "x".repeat(999));
    assert_eq!(client.ask(&["DBSIZE"]), ":1000");
}

#[test]
fn redis_is_cut_off_after_so_many_bytes_and_serves_the_next_connection() {
    let Some(redis) = redis() else { return };
    let value = "0123456789".repeat(1000);
    let (proxy, mut client) =
        in_front_of_redis(&redis, "100:seq(tcp-reset=1000,tcp-stall=1000,ok)");
    // The first five bytes are the reply to this.
    assert_eq!(client.ask(&["SET", "value", &value]), "+OK");
    client.send(&["GET", "value"]);
    let mut rest = Vec::new();
    let end = client.0.read_to_end(&mut rest).unwrap_err();
    assert_eq!(end.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(rest, format!("$10000\r\n{value}").as_bytes()[..995]);

    let mut client = Client::new(proxy.addresses()[0]);
    client.send(&["GET", "value"]);
    let stalled = read(client.0.get_mut(), 1000);
    assert_eq!(
        (stalled.bytes.len(), stalled.connection),
        (1000, ConnectionState::Open)
    );
    let mut client = Client::new(proxy.addresses()[0]);
    assert_eq!(client.ask(&["GET", "value"]), value);
}

#[test]
fn one_byte_to_or_from_redis_is_another_one() {
    let Some(redis) = redis() else { return };
    let (_proxy, mut client) = in_front_of_redis(&redis, "100:tcp-corrupt=3");
    client.send(&["PING"]);
    let mut reply = [0; 7];
    client.0.read_exact(&mut reply).unwrap();
    assert_eq!(reply, [b'+', b'P', !b'O', b'N', b'G', b'\r', b'\n']);

    // The value begins behind 28 bytes: *3, $3, SET, $5, count, $3.
    let (_proxy, mut client) = in_front_of_redis(&redis, "100:tcp-upload+tcp-corrupt=30");
    assert_eq!(client.ask(&["SET", "count", "100"]), "+OK");
    let mut direct = Client::new(redis.address);
    direct.send(&["GET", "count"]);
    let mut stored = [0; 9];
    direct.0.read_exact(&mut stored).unwrap();
    assert_eq!(
        stored,
        [b'$', b'3', b'\r', b'\n', b'1', !b'0', b'0', b'\r', b'\n']
    );
}

#[test]
fn the_benchmark_of_redis_runs_through_a_proxy() {
    let Some(redis) = redis() else { return };
    let (proxy, client) = in_front_of_redis(&redis, "");
    drop(client);
    let port = proxy.port().to_string();
    let mut command = Command::new("redis-benchmark");
    command.args([
        "-p",
        &port,
        "-n",
        "2000",
        "-c",
        "20",
        "-t",
        "set,get,lrange_100",
        "-q",
    ]);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("LRANGE_100") && !text.contains("rror"),
        "{text}"
    );
    assert!(proxy.stats().connections > 60, "{:?}", proxy.stats());
}

/// Starts nginx with a flag and a large file, and a server with this plan in front of it.
fn in_front_of_nginx(nginx: &Other, plan: &str) -> TestServer {
    let upstream = format!("http://{}", nginx.address).parse().unwrap();
    let builder = TestServer::builder().upstream(upstream);
    builder.plan(plan).unwrap().start().unwrap()
}

fn large_file(nginx: &Other) -> Vec<u8> {
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    fs::write(nginx.folder.path().join("html/large.gif"), &bytes).unwrap();
    bytes
}

#[test]
fn nginx_answers_as_if_there_were_no_proxy() {
    let Some(nginx) = nginx() else { return };
    let bytes = large_file(&nginx);
    let server = in_front_of_nginx(&nginx, "");
    for lines in [
        "GET /large.gif HTTP/1.1",
        "HEAD /large.gif HTTP/1.1",
        "GET /large.gif HTTP/1.1\r\nrange: bytes=1000-1999",
        "GET /large.gif HTTP/1.1\r\nrange: bytes=9999999-",
        "GET /large.gif HTTP/1.1\r\nif-modified-since: Fri, 01 Jan 2100 00:00:00 GMT",
        "GET /missing HTTP/1.1",
        "POST /large.gif HTTP/1.1\r\ncontent-length: 0",
        "GET /../etc/passwd HTTP/1.1",
    ] {
        let lines = format!("{lines}\r\nhost: localhost\r\nconnection: close");
        let direct = exchange(nginx.address, &lines);
        let forwarded = exchange(server.addresses()[0], &lines);
        assert_eq!(forwarded.status(), direct.status(), "{lines}");
        assert!(forwarded.body() == direct.body(), "{lines}");
        for name in [
            "server",
            "content-type",
            "content-length",
            "content-range",
            "etag",
            "last-modified",
            "accept-ranges",
        ] {
            assert_eq!(
                forwarded.header(name),
                direct.header(name),
                "{lines}: {name}"
            );
        }
    }
    assert!(get(&server, "/large.gif").body() == bytes);
}

#[test]
fn nginx_meets_the_faults_of_the_plan() {
    let Some(nginx) = nginx() else { return };
    let bytes = large_file(&nginx);
    let cut = get(
        &in_front_of_nginx(&nginx, "100:close-body=3000000"),
        "/large.gif",
    );
    assert_eq!(cut.header("content-length").as_deref(), Some("5000000"));
    assert!(cut.body() == &bytes[..3_000_000]);
    let corrupt = get(
        &in_front_of_nginx(&nginx, "100:corrupt=2000000"),
        "/large.gif",
    );
    assert_eq!(corrupt.status(), 200);
    let differing = corrupt.body().iter().zip(&bytes).enumerate();
    let differing: Vec<_> = differing
        .filter(|(_, (a, b))| a != b)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(
        (corrupt.body().len(), differing),
        (5_000_000, vec![1_999_999])
    );
    let sequence = in_front_of_nginx(&nginx, "100:seq(503,reset,ok)");
    assert_eq!(get(&sequence, "/large.gif").status(), 503);
    assert_eq!(
        get(&sequence, "/large.gif").connection,
        ConnectionState::Reset
    );
    assert!(get(&sequence, "/large.gif").body() == bytes);
}

/// Starts an echo of WebSockets.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut socket = tungstenite::accept(stream).unwrap();
                while let Ok(message) = socket.read() {
                    if (message.is_text() || message.is_binary()) && socket.send(message).is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

/// Opens a WebSocket to an echo behind a server with this plan. Returns the error in words.
fn open(plan: &str) -> (TestServer, Result<WebSocket<TcpStream>, String>) {
    let upstream = format!("http://{}", echo()).parse().unwrap();
    let builder = TestServer::builder().upstream(upstream);
    let server = builder.plan(plan).unwrap().start().unwrap();
    let stream = TcpStream::connect(server.addresses()[0]).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let url = format!("ws://localhost:{}/echo", server.port());
    let opened = tungstenite::client(url, stream);
    let opened = opened.map(|(socket, _)| socket);
    (server, opened.map_err(|error| error.to_string()))
}

#[test]
fn web_sockets_pass_through() {
    for plan in ["", "100:delay=20ms"] {
        let (server, socket) = open(plan);
        let mut socket = socket.unwrap();
        let messages = [
            Message::text("hello"),
            Message::text(""),
            Message::binary(
                (0..1_000_000_u32)
                    .map(|n| (n % 251) as u8)
                    .collect::<Vec<_>>(),
            ),
        ];
        for message in messages {
            // A large message can fill all buffers unless its echo is read meanwhile.
            socket.send(message.clone()).unwrap();
            assert!(socket.read().unwrap() == message, "{plan}");
        }
        socket.send(Message::Ping("are you there?".into())).unwrap();
        assert_eq!(
            socket.read().unwrap(),
            Message::Pong("are you there?".into())
        );
        socket.close(None).unwrap();
        let end = loop {
            if let Err(end) = socket.read() {
                break end.to_string();
            }
        };
        assert_eq!(end, "Connection closed normally");
        drop(socket);
        let ended = server.wait_until(Duration::from_secs(60), |stats| stats.open_connections == 0);
        assert_eq!(ended.unwrap().codes["GET /echo"].attempts, 1);
    }
}

#[test]
fn web_sockets_meet_the_faults_of_the_plan() {
    let (_server, refused) = open("100:status=503");
    assert_eq!(refused.unwrap_err(), "HTTP error: 503 Service Unavailable");
    for plan in ["100:reset", "100:close"] {
        let (server, broken) = open(plan);
        assert!(broken.is_err(), "{plan}");
        assert_eq!(server.stats().injected.len(), 1, "{plan}");
    }
}
