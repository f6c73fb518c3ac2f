//! Proxies: which requests go through one, and what a broken one leads to.
//!
//! `PORT` stands for the port of a server on this machine that is the proxy, the server, or both: a request that names a
//! whole URL is one to a proxy. `flags.example` is a name without an address, so such a request fails without a proxy.

use flags::record::Kind;

use super::{Row, SHORT_TIMEOUT, Setup, Verdict, error, status_error, with_args};
use crate::support::raw::{RawServer, ok};

const HTTP: &str = "http://flags.example/flags";
const HTTPS: &str = "https://flags.example/flags";
const THIS_MACHINE: &str = "http://127.0.0.1:PORT/flags";

const HTTP_PROXY: &[(&str, &str)] = &[("http_proxy", "http://127.0.0.1:PORT")];
const HTTPS_PROXY: &[(&str, &str)] = &[("https_proxy", "http://127.0.0.1:PORT")];
const NO_PROXY_THERE: &[(&str, &str)] = &[("all_proxy", "http://127.0.0.1:1")];
const UNUSABLE: &[(&str, &str)] = &[("http_proxy", ":::")];

pub(super) fn rows() -> Vec<Row> {
    let mut rows = unusable();
    rows.extend(this_machine());
    rows.extend(through_the_proxy());
    rows.extend(tunnels());
    rows.extend(redirects());
    rows
}

/// Returns a row with these variables. `server` makes the server at `PORT` from the flag.
fn row(
    fault: &'static str,
    variables: &'static [(&'static str, &'static str)],
    base: &'static str,
    server: fn(&[u8]) -> RawServer,
    verdict: Verdict,
) -> Row {
    Row {
        fault,
        setup: Setup::Proxy {
            variables,
            base,
            server,
        },
        args: &[],
        verdict,
    }
}

/// Returns a server that gives the flag to everyone.
fn flag(flag: &[u8]) -> RawServer {
    RawServer::answering(ok(flag))
}

fn unusable() -> Vec<Row> {
    let refused = |fault, variables, base, message| {
        row(fault, variables, base, flag, Verdict::Refused(message))
    };
    vec![
        refused(
            "a value that is not a URL",
            UNUSABLE,
            HTTP,
            "http_proxy is ':::', which is not a proxy; use http://HOST:PORT",
        ),
        refused(
            "a scheme that does not exist, without a host",
            &[("http_proxy", "foo://")],
            HTTP,
            "http_proxy is 'foo://', which is not a proxy; use http://HOST:PORT",
        ),
        refused(
            "a SOCKS proxy",
            &[("ALL_PROXY", "SOCKS5://127.0.0.1:PORT")],
            HTTP,
            "ALL_PROXY is 'SOCKS5://127.0.0.1:…', and SOCKS proxies are not supported; use http://HOST:PORT",
        ),
        refused(
            "a port that does not exist",
            &[("https_proxy", "http://127.0.0.1:99999")],
            HTTPS,
            "https_proxy is 'http://127.0.0.1:99999', which is not a proxy; use http://HOST:PORT",
        ),
        refused(
            "a login without a host: it is not printed",
            &[("HTTP_PROXY", "http://me:secret@")],
            HTTP,
            "HTTP_PROXY is '***@', which is not a proxy; use http://HOST:PORT",
        ),
    ]
}

fn this_machine() -> Vec<Row> {
    let saved = |fault, variables, base| row(fault, variables, base, flag, Verdict::Saved);
    vec![
        saved(
            "an unusable value, and the server on this machine",
            UNUSABLE,
            THIS_MACHINE,
        ),
        saved(
            "the server on this machine, by its name with a final dot",
            NO_PROXY_THERE,
            "http://localhost.:PORT/flags",
        ),
        saved(
            "the server on this machine, by the address of all its networks",
            NO_PROXY_THERE,
            "http://0.0.0.0:PORT/flags",
        ),
        saved(
            "the server on this machine, by an IPv4 address written as IPv6",
            NO_PROXY_THERE,
            "http://[::ffff:127.0.0.1]:PORT/flags",
        ),
    ]
}

fn through_the_proxy() -> Vec<Row> {
    let of = |fault, server, verdict| row(fault, HTTP_PROXY, HTTP, server, verdict);
    vec![
        of("the flag", flag, Verdict::Saved),
        row(
            "the flag, from a proxy that wants the login of its URL",
            &[("http_proxy", "http://me:secret@127.0.0.1:PORT")],
            HTTP,
            |flag| {
                let flag = ok(flag);
                RawServer::deciding(move |head, _| {
                    match head.contains("proxy-authorization: Basic bWU6c2VjcmV0\r\n") {
                        true => flag.clone(),
                        false => empty("407 Proxy Authentication Required"),
                    }
                })
            },
            Verdict::Saved,
        ),
        row(
            "no proxy listens on the port",
            NO_PROXY_THERE,
            HTTP,
            flag,
            error(
                Kind::ConnectRefused,
                "connect_refused: Connection refused… (via proxy 127.0.0.1:1)",
            ),
        ),
        of(
            "404 from the proxy",
            |_| RawServer::answering(empty("404 Not Found")),
            Verdict::NotFound,
        ),
        of(
            "407 from the proxy",
            |_| RawServer::answering(empty("407 Proxy Authentication Required")),
            status_error(
                "HTTP error 407 - Proxy Authentication Required: the proxy wants a login (via proxy 127.0.0.1:…)",
            ),
        ),
        of(
            "502 from the proxy",
            |_| RawServer::answering(empty("502 Bad Gateway")),
            status_error("HTTP error 502 - Bad Gateway (via proxy 127.0.0.1:…)"),
        ),
        of(
            "a page of the proxy with status 200",
            |_| RawServer::answering(ok(b"<html>Log in")),
            error(
                Kind::NotGif,
                "not_gif: the body begins with \"<html>Log in\" (via proxy 127.0.0.1:…)",
            ),
        ),
        of(
            "the proxy closes the connection without an answer",
            |_| RawServer::answering(""),
            error(
                Kind::ClosedEarly,
                "closed_early: connection closed before message completed (via proxy 127.0.0.1:…)",
            ),
        ),
        with_args(
            SHORT_TIMEOUT,
            of(
                "the proxy stalls",
                |_| RawServer::stalling_after(""),
                error(
                    Kind::Timeout,
                    "timeout: no complete answer within 300ms (via proxy 127.0.0.1:…)",
                ),
            ),
        ),
        of(
            "the proxy does not speak HTTP",
            |_| RawServer::answering("SSH-2.0-x\r\n"),
            error(
                Kind::BadResponse,
                "bad_response: invalid HTTP version parsed (via proxy 127.0.0.1:…)",
            ),
        ),
    ]
}

fn tunnels() -> Vec<Row> {
    let of = |fault, server, verdict| row(fault, HTTPS_PROXY, HTTPS, server, verdict);
    vec![
        of(
            "403 to a request for a tunnel",
            |_| RawServer::answering(empty("403 Forbidden")),
            error(
                Kind::Proxy,
                "proxy: the proxy refused to open a tunnel: HTTP error 403 - Forbidden (via proxy 127.0.0.1:…)",
            ),
        ),
        of(
            "407 to a request for a tunnel",
            |_| RawServer::answering(empty("407 Proxy Authentication Required")),
            error(
                Kind::Proxy,
                "proxy: the proxy refused to open a tunnel: HTTP error 407 - Proxy Authentication Required: the proxy wants a login (via proxy 127.0.0.1:…)",
            ),
        ),
        of(
            "502 to a request for a tunnel",
            |_| RawServer::answering(empty("502 Bad Gateway")),
            error(
                Kind::Proxy,
                "proxy: the proxy refused to open a tunnel: HTTP error 502 - Bad Gateway (via proxy 127.0.0.1:…)",
            ),
        ),
        of(
            "the proxy closes the connection instead of opening a tunnel",
            |_| RawServer::answering(""),
            error(
                Kind::Connect,
                "connect: tunnel error: unexpected end of file (via proxy 127.0.0.1:…)",
            ),
        ),
        with_args(
            &["--connect-timeout", "0.3"],
            of(
                "the proxy stalls instead of opening a tunnel",
                |_| RawServer::stalling_after(""),
                error(
                    Kind::ConnectTimeout,
                    "connect_timeout: no connection within 300ms (via proxy 127.0.0.1:…)",
                ),
            ),
        ),
        of(
            "the proxy does not speak HTTP when asked for a tunnel",
            |_| RawServer::answering("SSH-2.0-x\r\n\r\n"),
            error(
                Kind::Proxy,
                "proxy: the proxy refused to open a tunnel (via proxy 127.0.0.1:…)",
            ),
        ),
        row(
            "no proxy for tunnels listens on the port",
            NO_PROXY_THERE,
            HTTPS,
            flag,
            error(
                Kind::ConnectRefused,
                "connect_refused: Connection refused… (via proxy 127.0.0.1:1)",
            ),
        ),
        of(
            "a tunnel to a server that does not speak TLS",
            |_| RawServer::tunnelling_to("HTTP/1.1 400 Bad Request\r\n\r\n"),
            error(
                Kind::Tls,
                "tls: received corrupt message of type InvalidContentType (via proxy 127.0.0.1:…)",
            ),
        ),
    ]
}

fn redirects() -> Vec<Row> {
    vec![
        row(
            "302 from this machine to elsewhere, through the proxy",
            HTTP_PROXY,
            THIS_MACHINE,
            |flag| chain(&["GET /flags", "GET http://flags.example/1 "], flag),
            Verdict::Saved,
        ),
        row(
            "302 from elsewhere to this machine, without the proxy",
            HTTP_PROXY,
            HTTP,
            |flag| chain(&["GET http://flags.example/flags", "GET /1 "], flag),
            Verdict::Saved,
        ),
        row(
            "302 from this machine to elsewhere and back",
            HTTP_PROXY,
            THIS_MACHINE,
            |flag| {
                let requests = ["GET /flags", "GET http://flags.example/1 ", "GET /2 "];
                chain(&requests, flag)
            },
            Verdict::Saved,
        ),
        row(
            "302 from this machine to elsewhere, with an unusable value",
            UNUSABLE,
            THIS_MACHINE,
            |flag| chain(&["GET /flags", "GET http://flags.example/1 "], flag),
            error(
                Kind::Proxy,
                "proxy: http_proxy is ':::', which is not a proxy; use http://HOST:PORT",
            ),
        ),
        row(
            "302 from this machine to elsewhere, where the proxy answers 502",
            HTTP_PROXY,
            THIS_MACHINE,
            |_| chain(&["GET /flags", "GET http://flags.example/1 "], &[]),
            status_error("HTTP error 502 - Bad Gateway (via proxy 127.0.0.1:…)"),
        ),
    ]
}

/// Returns a server that expects requests which begin like these, redirects each to the next, and answers the last one
/// with the flag, or with 502 if it is empty. Any other request gets status 500.
fn chain(requests: &[&'static str], flag: &[u8]) -> RawServer {
    let (requests, flag) = (requests.to_vec(), flag.to_vec());
    RawServer::deciding(move |head, port| {
        let Some(at) = requests
            .iter()
            .position(|request| head.starts_with(request))
        else {
            return empty("500 Internal Server Error");
        };
        match requests.get(at + 1) {
            None if flag.is_empty() => empty("502 Bad Gateway"),
            None => ok(&flag),
            Some(next) => {
                let url = next.trim_start_matches("GET ").trim_end();
                let url = match url.starts_with('/') {
                    true => format!("http://127.0.0.1:{port}{url}"),
                    false => url.to_owned(),
                };
                empty(&format!("302 Found\r\nlocation: {url}"))
            }
        }
    })
}

/// Returns an answer without a body. `status` may be followed by headers.
fn empty(status: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").into_bytes()
}
