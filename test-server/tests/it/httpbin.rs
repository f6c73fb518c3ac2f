//! The paths of httpbin.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::{Value, json};
use test_server::TestServer;

use crate::support::{self, get, read};

fn server(plan: &str) -> TestServer {
    let builder = TestServer::builder().httpbin();
    builder.plan(plan).unwrap().start().unwrap()
}

fn send(server: &TestServer, line: &str, headers: &str, body: &[u8]) -> support::Response {
    let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
    let length = body.len();
    write!(
        connection,
        "{line} HTTP/1.1\r\nhost: me:80\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    )
    .unwrap();
    connection.write_all(body).unwrap();
    read(&mut connection, usize::MAX)
}

fn json_of(response: &support::Response) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[test]
fn a_request_is_returned_as_json() {
    let server = server("");
    let response = send(&server, "GET /get?a=1&b=2&b=3%20x", "x-one-two: 5\r\n", b"");
    assert_eq!(
        response.header("content-type").as_deref(),
        Some("application/json")
    );
    let seen = json_of(&response);
    assert_eq!(seen["args"], json!({"a": "1", "b": ["2", "3 x"]}));
    assert_eq!(seen["headers"]["X-One-Two"], json!("5"));
    assert_eq!(seen["url"], json!("http://me:80/get?a=1&b=2&b=3%20x"));
    assert_eq!(seen["origin"], json!("127.0.0.1"));
    assert!(seen.get("data").is_none());

    let posted = json_of(&send(
        &server,
        "POST /post",
        "content-type: application/json\r\n",
        b"{\"a\":[1]}",
    ));
    assert_eq!(
        (&posted["data"], &posted["json"]),
        (&json!("{\"a\":[1]}"), &json!({"a": [1]}))
    );
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let form = json_of(&send(&server, "PUT /put", form, b"a=1&a=2&a=3"));
    assert_eq!(
        (&form["form"], &form["data"], &form["json"]),
        (&json!({"a": ["1", "2", "3"]}), &json!(""), &Value::Null)
    );
    let binary = json_of(&send(&server, "DELETE /anything/x/y", "", b"\xff\x00"));
    assert_eq!(
        binary["data"],
        json!("data:application/octet-stream;base64,/wA=")
    );
    assert_eq!(
        (&binary["method"], &binary["url"]),
        (&json!("DELETE"), &json!("http://me:80/anything/x/y"))
    );

    let wrong = send(&server, "POST /get", "", b"");
    assert_eq!(
        (wrong.status(), wrong.header("allow").as_deref()),
        (405, Some("get"))
    );
    assert_eq!(
        json_of(&send(
            &server,
            "GET /user-agent",
            "user-agent: x/1\r\n",
            b""
        )),
        json!({"user-agent": "x/1"})
    );
    assert_eq!(
        json_of(&get(&server, "/ip")),
        json!({"origin": "127.0.0.1"})
    );
    assert_eq!(
        json_of(&get(&server, "/headers"))["headers"]["Host"],
        json!("localhost")
    );
}

#[test]
fn status_answers_with_one_of_the_statuses_and_the_same_again() {
    let server = server("");
    assert_eq!(get(&server, "/status/418").status(), 418);
    assert_eq!(send(&server, "PATCH /status/503", "", b"").status(), 503);
    assert_eq!(
        get(&server, "/status/302").header("location").as_deref(),
        Some("/redirect/1")
    );
    assert_eq!(get(&server, "/status/200:0,500:1").status(), 500);
    let first = get(&server, "/status/200,500").status();
    assert!([200, 500].contains(&first));
    assert_eq!(get(&server, "/status/200,500").status(), first);
    for wrong in ["/status/x", "/status/99", "/status/200,", "/status/200:-1"] {
        assert_eq!(get(&server, wrong).status(), 400, "{wrong}");
    }
}

#[test]
fn bytes_and_lines_come_in_the_number_asked_for() {
    let server = server("");
    let bytes = get(&server, "/bytes/1000");
    assert_eq!(bytes.body().len(), 1000);
    assert_eq!(get(&server, "/bytes/1000").body(), bytes.body());
    assert_ne!(get(&server, "/bytes/1000?seed=5").body(), bytes.body());
    assert_eq!(get(&server, "/bytes/9999999").body().len(), 100 << 10);
    let lines = get(&server, "/stream/3");
    assert_eq!(
        lines.header("transfer-encoding").as_deref(),
        Some("chunked")
    );
    let text = lines.body_text();
    let ids = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?.get("id").cloned());
    assert_eq!(ids.collect::<Vec<_>>(), [json!(0), json!(1), json!(2)]);
    for wrong in [
        "/bytes/x",
        "/stream/-1",
        "/delay/x",
        "/delay/-1",
        "/redirect/0",
    ] {
        assert_eq!(get(&server, wrong).status(), 400, "{wrong}");
    }
    assert_eq!(get(&server, "/delay/0").status(), 200);
}

#[test]
fn redirects_end_at_get() {
    let server = server("");
    let mut path = "/redirect/3".to_owned();
    let mut places = Vec::new();
    while let Some(place) = get(&server, &path).header("location") {
        places.push(place.clone());
        path = place;
    }
    assert_eq!(
        places,
        ["/relative-redirect/2", "/relative-redirect/1", "/get"]
    );
    let absolute = get(&server, "/redirect/2?absolute=true").header("location");
    assert_eq!(
        absolute.as_deref(),
        Some("http://localhost/absolute-redirect/1")
    );
    let to = get(
        &server,
        "/redirect-to?url=http%3A%2F%2Fa%2Fb&status_code=307",
    );
    assert_eq!(
        (to.status(), to.header("location").as_deref()),
        (307, Some("http://a/b"))
    );
    assert_eq!(get(&server, "/redirect-to").status(), 400);
}

#[test]
fn basic_auth_wants_this_user_and_this_password() {
    let server = server("");
    let status = |header: &str| send(&server, "GET /basic-auth/me/p%20w", header, b"").status();
    // me:p w
    assert_eq!(status("authorization: Basic bWU6cCB3\r\n"), 200);
    assert_eq!(status("authorization: Basic bWU6cHc=\r\n"), 401);
    assert_eq!(status("authorization: Bearer x\r\n"), 401);
    let without = send(&server, "GET /basic-auth/me/pw", "", b"");
    assert_eq!(
        without.header("www-authenticate").as_deref(),
        Some("basic realm=\"fake realm\"")
    );
}

#[test]
fn the_plan_applies_and_flags_and_the_page_are_there_as_well() {
    let faulty = server("100:status=503+transient=1");
    assert_eq!(
        [get(&faulty, "/get").status(), get(&faulty, "/get").status()],
        [503, 200]
    );
    let cut = get(&server("100:close-body=10"), "/bytes/100");
    assert_eq!(
        (cut.body().len(), cut.header("content-length").as_deref()),
        (10, Some("100"))
    );
    let server = server("");
    assert_eq!(get(&server, "/flags/br/br.gif").status(), 200);
    assert_eq!(get(&server, "/").status(), 200);
    assert_eq!(get(&server, "/get/more").status(), 404);
    assert_eq!(server.url(), format!("http://localhost:{}", server.port()));
    assert_eq!(server.describe(), "answers as httpbin and answers at once");
}
