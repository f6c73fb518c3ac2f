//! A proxy of TCP: what a client and a server see of each other through it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use test_server::{Plan, TcpProxy, TestServer};

use crate::support::{self, ConnectionState, read};

/// Starts a server that passes each connection to this function, in a thread of its own.
fn peer(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Starts a server that sends back what it receives, until its client ends its stream.
fn echo() -> SocketAddr {
    peer(|stream| {
        let (mut from, mut to) = (&stream, &stream);
        let _ = std::io::copy(&mut from, &mut to);
    })
}

/// Starts a proxy with this plan in front of an address.
fn in_front_of(address: SocketAddr, plan: &str) -> TcpProxy {
    let builder = TcpProxy::builder(address.to_string());
    builder.plan(plan).unwrap().start().unwrap()
}

fn connect(proxy: &TcpProxy) -> TcpStream {
    let client = TcpStream::connect(proxy.addresses()[0]).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    client
}

/// Sends these bytes to an echo behind a proxy with this plan, and the end of the stream. Returns what comes back.
fn echoed(plan: &str, bytes: &[u8]) -> support::Response {
    let proxy = in_front_of(echo(), plan);
    let mut client = connect(&proxy);
    client.write_all(bytes).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    read(&mut client, usize::MAX)
}

fn numbers(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n % 251) as u8).collect()
}

#[test]
fn without_faults_all_bytes_pass_in_both_directions_and_so_do_the_ends() {
    let proxy = in_front_of(echo(), "");
    let mut client = connect(&proxy);
    let bytes = numbers(5_000_000);
    let mut back = Vec::new();
    thread::scope(|scope| {
        let mut sending = client.try_clone().unwrap();
        let bytes = &bytes;
        scope.spawn(move || {
            sending.write_all(bytes).unwrap();
            sending.shutdown(Shutdown::Write).unwrap();
        });
        client.read_to_end(&mut back).unwrap();
    });
    assert!(back == bytes, "{} bytes came back", back.len());
    let stats = proxy.wait_until(Duration::from_secs(60), |stats| stats.open_connections == 0);
    assert_eq!(stats.unwrap().connections, 1);
}

#[test]
fn a_server_that_speaks_first_is_heard() {
    let address = peer(|mut stream| stream.write_all(b"+hello\r\n").unwrap());
    let proxy = in_front_of(address, "");
    let response = read(&mut connect(&proxy), usize::MAX);
    assert_eq!(
        (&response.bytes[..], response.connection),
        (&b"+hello\r\n"[..], ConnectionState::Fin)
    );
}

#[test]
fn a_connection_is_reset_after_so_many_bytes() {
    let bytes = numbers(50_000);
    for (plan, count) in [
        ("100:tcp-reset", 0),
        ("100:tcp-reset=1", 1),
        ("100:tcp-reset=40000", 40_000),
    ] {
        let proxy = in_front_of(echo(), plan);
        let mut client = connect(&proxy);
        // The reset may come while the client still sends.
        let _ = client.write_all(&bytes);
        let response = read(&mut client, usize::MAX);
        assert_eq!(response.connection, ConnectionState::Reset, "{plan}");
        assert!(
            response.bytes == bytes[..count],
            "{plan}: {}",
            response.bytes.len()
        );
        assert_eq!(proxy.stats().injected["tcp-reset"], 1);
    }
}

#[test]
fn the_server_sees_the_reset_of_the_plan_and_that_of_a_client() {
    let (seen, ends) = std::sync::mpsc::channel();
    let address = peer(move |mut stream| {
        let _ = stream.write_all(b"hello");
        let end = stream.read_to_end(&mut Vec::new());
        seen.send(end.map_err(|error| error.kind())).unwrap();
    });
    let planned = in_front_of(address, "100:tcp-reset=5");
    let mut client = connect(&planned);
    assert_eq!(
        read(&mut client, usize::MAX).connection,
        ConnectionState::Reset
    );
    assert_eq!(ends.recv().unwrap(), Err(ErrorKind::ConnectionReset));

    let faultless = in_front_of(address, "");
    let mut client = connect(&faultless);
    client.read_exact(&mut [0; 5]).unwrap();
    socket2::SockRef::from(&client)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(client);
    assert_eq!(ends.recv().unwrap(), Err(ErrorKind::ConnectionReset));
}

#[test]
fn one_direction_is_closed_and_the_other_one_stays() {
    let (seen, received) = std::sync::mpsc::channel();
    let address = peer(move |mut stream| {
        stream.write_all(b"hello").unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        seen.send(bytes).unwrap();
    });
    let proxy = in_front_of(address, "100:tcp-half-close=3");
    let mut client = connect(&proxy);
    let response = read(&mut client, usize::MAX);
    assert_eq!(
        (&response.bytes[..], response.connection),
        (&b"hel"[..], ConnectionState::Fin)
    );
    client.write_all(b"still here").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(received.recv().unwrap(), b"still here");
}

#[test]
fn a_connection_stalls_and_ends_with_its_client() {
    for plan in ["100:tcp-stall=3", "100:tcp-stall=3+tcp-upload"] {
        let proxy = in_front_of(echo(), plan);
        let mut client = connect(&proxy);
        client.write_all(b"hello").unwrap();
        let response = read(&mut client, 3);
        assert_eq!(
            (&response.bytes[..], response.connection),
            (&b"hel"[..], ConnectionState::Open)
        );
        // A client that sends no more may still wait.
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(
            read(&mut client, 0).connection,
            ConnectionState::Open,
            "{plan}"
        );
        drop(client);
        let ended = proxy.wait_until(Duration::from_secs(60), |stats| stats.open_connections == 0);
        ended.unwrap();
    }
}

#[test]
fn one_byte_is_flipped_in_the_direction_of_the_plan() {
    let mut flipped = numbers(40_000);
    flipped[29_999] = !flipped[29_999];
    for plan in ["100:tcp-corrupt=30000", "100:tcp-corrupt=30000+tcp-upload"] {
        assert!(echoed(plan, &numbers(40_000)).bytes == flipped, "{plan}");
    }
    let both = in_front_of(
        peer(|mut stream| {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            stream.write_all(&[1, byte[0]]).unwrap();
        }),
        "100:tcp-upload+tcp-corrupt=1",
    );
    let mut client = connect(&both);
    client.write_all(&[7]).unwrap();
    assert_eq!(read(&mut client, usize::MAX).bytes, [1, !7]);
    assert_eq!(echoed("100:tcp-corrupt=6", b"hello").bytes, b"hello");
}

#[test]
fn slices_arrive_one_by_one() {
    let proxy = in_front_of(echo(), "100:tcp-slice=3@1h");
    let mut client = connect(&proxy);
    client.write_all(b"hello").unwrap();
    let response = read(&mut client, 3);
    assert_eq!(
        (&response.bytes[..], response.connection),
        (&b"hel"[..], ConnectionState::Open)
    );

    let started = Instant::now();
    assert!(echoed("100:tcp-slice=100@1ms", &numbers(10_000)).bytes == numbers(10_000));
    assert!(started.elapsed() >= Duration::from_millis(99));
}

#[test]
fn bytes_arrive_late_in_order_and_at_the_rate() {
    for (plan, least) in [
        ("100:tcp-latency=60ms", 60),
        ("100:tcp-latency=uniform(60ms..70ms)", 60),
        ("100:tcp-latency=60ms+tcp-upload", 60),
        ("100:tcp-latency=60ms+tcp-jitter=20ms", 60),
        ("100:tcp-jitter=5ms", 0),
        ("100:tcp-bandwidth=1000000", 200),
        (
            "100:tcp-bandwidth=1000000+tcp-slice=7000+tcp-corrupt=300000",
            200,
        ),
    ] {
        let started = Instant::now();
        let response = echoed(plan, &numbers(200_000));
        assert!(response.bytes == numbers(200_000), "{plan}");
        assert_eq!(response.connection, ConnectionState::Fin);
        assert!(started.elapsed() >= Duration::from_millis(least), "{plan}");
    }
}

#[test]
fn a_latency_holds_for_bytes_and_ends_in_the_direction_of_the_plan() {
    for plan in ["100:tcp-latency=60ms", "100:tcp-latency=60ms+tcp-upload"] {
        let proxy = in_front_of(echo(), plan);
        let mut client = connect(&proxy);
        for _ in 0..2 {
            let started = Instant::now();
            client.write_all(b"x").unwrap();
            client.read_exact(&mut [0]).unwrap();
            assert!(started.elapsed() >= Duration::from_millis(60), "{plan}");
        }
        let started = Instant::now();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(
            read(&mut client, usize::MAX).connection,
            ConnectionState::Fin
        );
        assert!(started.elapsed() >= Duration::from_millis(60), "{plan}");
    }
}

/// Returns for each of this many connections whether it is not reset at once.
fn successes(proxy: &TcpProxy, connections: usize) -> Vec<bool> {
    let succeeds = |_| {
        let mut client = connect(proxy);
        client.write_all(b"x").is_ok() && client.read_exact(&mut [0]).is_ok()
    };
    (0..connections).map(succeeds).collect()
}

#[test]
fn a_seed_always_selects_the_same_connections() {
    let address = echo();
    let with_seed = |seed| {
        let builder = TcpProxy::builder(address.to_string()).seed(seed);
        builder
            .plan("50:tcp-reset,50:tcp-jitter=1ms")
            .unwrap()
            .start()
            .unwrap()
    };
    let proxy = with_seed(7);
    let first = successes(&proxy, 20);
    assert!(
        (5..15).contains(&first.iter().filter(|&&success| success).count()),
        "{first:?}"
    );
    proxy.set_plan("50:tcp-reset".parse().unwrap()).unwrap();
    assert_eq!(
        successes(&proxy, 20),
        first,
        "counted anew under another plan"
    );
    proxy.reset();
    assert_eq!(successes(&proxy, 20), first, "counted anew after a reset");
    assert_eq!(successes(&with_seed(7), 20), first);
    assert_ne!(successes(&with_seed(8), 20), first);
}

#[test]
fn attempts_are_connections_in_transient_and_seq() {
    let proxy = in_front_of(echo(), "100:tcp-reset+transient=2");
    assert_eq!(successes(&proxy, 4), [false, false, true, true]);
    let proxy = in_front_of(
        echo(),
        "100:seq(tcp-reset,ok,tcp-half-close,tcp-latency=1ms)",
    );
    assert_eq!(successes(&proxy, 5), [false, true, false, true, true]);
}

#[test]
fn a_server_that_cannot_be_reached_resets_the_connection_until_it_runs() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let proxy = in_front_of(address, "");
    assert_eq!(
        read(&mut connect(&proxy), usize::MAX).connection,
        ConnectionState::Reset
    );
    let Ok(listener) = TcpListener::bind(address) else {
        return; // Another program has taken the port.
    };
    thread::spawn(move || listener.accept().unwrap().0.write_all(b"hello"));
    assert_eq!(read(&mut connect(&proxy), usize::MAX).bytes, b"hello");
}

#[test]
fn plans_of_requests_are_refused_with_the_wrong_word() {
    let builder = || TcpProxy::builder("127.0.0.1:1");
    let error = builder()
        .plan("10:tcp-stall,20:seq(ok,delay=1s)")
        .unwrap_err();
    let message = "'delay' is not for TCP: use tcp-..., transient and seq";
    assert_eq!(error.message(), message);
    let pointed_at = error.to_string().lines().last().unwrap().find('^');
    assert_eq!(pointed_at, Some("  10:tcp-stall,20:seq(ok,".len()));
    let http: Plan = "10:delay=1s".parse().unwrap();
    let error = builder().with_plan(http.clone()).start().unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::InvalidInput, message)
    );
    let proxy = builder().start().unwrap();
    assert_eq!(proxy.set_plan(http).unwrap_err().to_string(), message);

    let builder = TestServer::builder().plan("10:seq(tcp-stall,ok)").unwrap();
    let needs = "'tcp-stall' needs a proxy of TCP (--tcp, or `TcpProxy`)";
    assert_eq!(builder.start().unwrap_err().to_string(), needs);
    let server = TestServer::start(Plan::normal()).unwrap();
    let response = support::get(&server, "/flags/br/br.gif?plan=100:tcp-stall");
    assert_eq!(
        response.body_text(),
        "'tcp-stall' concerns a connection, not a request on it\n"
    );
}

#[test]
fn wrong_addresses_are_refused() {
    for wrong in [
        "",
        "localhost",
        ":5432",
        "localhost:",
        "localhost:0",
        "localhost:70000",
    ] {
        let error = TcpProxy::builder(wrong).start().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{wrong}");
        assert_eq!(
            error.to_string(),
            format!("'{wrong}' is not an address such as 127.0.0.1:5432")
        );
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    for (own, wildcard) in [
        ("localhost", false),
        ("127.0.0.1", false),
        ("localhost", true),
        ("127.0.0.1", true),
    ] {
        let builder = TcpProxy::builder(format!("{own}:{port}")).port(port);
        let builder = match wildcard {
            true => builder.address("0.0.0.0".parse().unwrap()),
            false => builder,
        };
        let error = builder.start().map(|_| ()).unwrap_err().to_string();
        // Unless another program has taken the port.
        let is_own = error == "a server cannot be its own upstream server";
        assert!(is_own || error.contains("in use"), "{error}");
    }
}

#[test]
fn many_connections_pass_at_once() {
    let proxy = in_front_of(
        echo(),
        "100:tcp-latency=uniform(1ms..20ms)+tcp-slice=5@100us",
    );
    let clients: Vec<_> = (0..100_u8)
        .map(|n| {
            let mut client = connect(&proxy);
            client.write_all(&[n; 20]).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            client
        })
        .collect();
    for (mut client, n) in clients.into_iter().zip(0_u8..) {
        assert_eq!(read(&mut client, usize::MAX).bytes, [n; 20]);
    }
    let stats = proxy.stop();
    assert_eq!((stats.connections, stats.injected["tcp-slice"]), (100, 100));
}
