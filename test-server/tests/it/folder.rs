//! A folder whose files are served: types, ranges, conditions, plans, and what is refused.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use test_server::TestServer;

use crate::support::{self, ConnectionState, exchange, get};

fn serve(folder: &Path, plan: &str) -> TestServer {
    let builder = TestServer::builder().root(folder);
    builder.plan(plan).unwrap().start().unwrap()
}

fn get_with(server: &TestServer, path: &str, headers: &str) -> support::Response {
    let lines = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}");
    exchange(server.addresses()[0], lines.trim_end())
}

/// A folder with a page, a text and a folder without an index.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("index.html"), "<p>home").unwrap();
    fs::write(folder.path().join("a b.txt"), "0123456789").unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    folder
}

#[test]
fn files_have_their_types_and_folders_their_index() {
    let folder = folder();
    let server = serve(folder.path(), "");
    let home = get(&server, "/");
    assert_eq!(home.header("content-type").as_deref(), Some("text/html"));
    assert_eq!(home.body_text(), "<p>home");
    let text = get(&server, "/a%20b.txt");
    assert_eq!(text.header("content-type").as_deref(), Some("text/plain"));
    assert_eq!(
        (
            text.body_text().as_str(),
            text.header("content-length").as_deref()
        ),
        ("0123456789", Some("10"))
    );
    let long = format!("/{}", "x".repeat(300));
    for (path, status) in [
        ("/sub", 307),
        ("/sub/", 404),
        ("/missing", 404),
        ("/flags/br/br.gif", 404),
        ("/a%20b.txt/x", 404),
        ("/../a%20b.txt", 404),
        ("/%2e%2e/x", 404),
        ("/%00", 404),
        (long.as_str(), 404),
        ("/__health", 200),
    ] {
        assert_eq!(get(&server, path).status(), status, "{path}");
    }
    let post = exchange(
        server.addresses()[0],
        "POST /x HTTP/1.1\r\nhost: localhost\r\nconnection: close",
    );
    assert_eq!(post.status(), 405);
    assert_eq!(server.url(), format!("http://localhost:{}", server.port()));
    assert_eq!(
        server.describe(),
        format!("serves {} and answers at once", folder.path().display())
    );
    assert_eq!(server.stats().codes["GET /missing"].attempts, 1);
}

#[test]
fn parts_of_a_file_are_served_while_it_is_the_same() {
    let folder = folder();
    let server = serve(folder.path(), "");
    let path = "/a%20b.txt";
    let part = get_with(&server, path, "range: bytes=3-5\r\n");
    assert_eq!((part.status(), part.body_text().as_str()), (206, "345"));
    assert_eq!(
        part.header("content-range").as_deref(),
        Some("bytes 3-5/10")
    );
    assert_eq!(
        get_with(&server, path, "range: bytes=-2\r\n").body_text(),
        "89"
    );
    assert_eq!(
        get_with(&server, path, "range: bytes=10-\r\n").status(),
        416
    );
    assert_eq!(
        get_with(&server, path, "range: bytes=0-1,4-5\r\n").body_text(),
        "0123456789"
    );

    let etag = part.header("etag").unwrap();
    let date = part.header("last-modified").unwrap();
    let status = |headers: &str| get_with(&server, path, headers).status();
    assert_eq!(status(&format!("if-none-match: {etag}\r\n")), 304);
    assert_eq!(status("if-none-match: \"other\"\r\n"), 200);
    assert_eq!(
        status(&format!("range: bytes=3-5\r\nif-range: {etag}\r\n")),
        206
    );
    let whole = get_with(&server, path, "range: bytes=3-5\r\nif-range: \"other\"\r\n");
    assert_eq!(
        (whole.status(), whole.body_text().as_str()),
        (200, "0123456789")
    );
    // The header is in lower case here, and a date is compared to the letter.
    assert_eq!(
        status(&format!("if-modified-since: {}\r\n", http_date(&date))),
        304
    );
}

/// Returns a date with the capitals that the helper removes.
fn http_date(lower: &str) -> String {
    let words = lower.split(' ').map(|word| match word.split_at(1) {
        (first, rest) if rest.contains(':') => format!("{first}{rest}"),
        (first, rest) => first.to_uppercase() + rest,
    });
    words.collect::<Vec<_>>().join(" ").replace("Gmt", "GMT")
}

#[test]
fn the_plan_applies_to_files() {
    let folder = folder();
    let path = "/a%20b.txt";
    let cut = get(&serve(folder.path(), "100:close-body=4"), path);
    assert_eq!(
        (
            cut.body_text().as_str(),
            cut.header("content-length").as_deref()
        ),
        ("0123", Some("10"))
    );
    assert_eq!(cut.header("content-type").as_deref(), Some("text/plain"));
    assert_eq!(
        get(&serve(folder.path(), "100:reset"), path).connection,
        ConnectionState::Reset
    );
    let server = serve(folder.path(), "100:status=503+transient=1");
    assert_eq!(
        [get(&server, path).status(), get(&server, path).status()],
        [503, 200]
    );
}

#[test]
fn faults_of_the_body_and_of_ranges_apply_to_files() {
    let folder = folder();
    let path = "/a%20b.txt";
    let etag = get(&serve(folder.path(), ""), path).header("etag");
    for (plan, status, body) in [
        ("100:gif-cut=3", 200, "012"),
        ("100:range-ignored", 200, "0123456789"),
        ("100:range-wrong", 206, "345"),
        ("100:if-range-lies", 206, "234"),
    ] {
        let server = serve(folder.path(), plan);
        let range = "range: bytes=2-4\r\nif-range: \"other\"\r\n";
        let response = get_with(&server, path, range);
        assert_eq!(
            (response.status(), response.body_text().as_str()),
            (status, body),
            "{plan}"
        );
        let has_its_etag = response.header("etag") == etag;
        assert_eq!(has_its_etag, plan != "100:if-range-lies", "{plan}");
        assert_eq!(response.text().matches("\r\netag: ").count(), 1, "{plan}");
    }
}

#[test]
fn links_out_of_the_folder_and_what_is_no_file_are_refused() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let folder = folder();
    let inside = |name: &str| folder.path().join(name);
    symlink(outside.path().join("secret"), inside("file")).unwrap();
    symlink(outside.path(), inside("out")).unwrap();
    symlink("a b.txt", inside("own")).unwrap();
    symlink("../index.html", inside("sub/index.html")).unwrap();
    fs::create_dir(inside("bad")).unwrap();
    symlink(outside.path().join("secret"), inside("bad/index.html")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        inside("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let server = serve(folder.path(), "");
    for (path, status, body) in [
        (
            "/file",
            403,
            "a link leads out of the folder that is served\n",
        ),
        (
            "/out/secret",
            403,
            "a link leads out of the folder that is served\n",
        ),
        (
            "/bad/",
            403,
            "a link leads out of the folder that is served\n",
        ),
        ("/pipe", 403, "not a regular file\n"),
        ("/own", 200, "0123456789"),
        ("/sub/", 200, "<p>home"),
    ] {
        let response = get(&server, path);
        assert_eq!(
            (response.status(), response.body_text().as_str()),
            (status, body),
            "{path}"
        );
    }
}

#[test]
fn what_is_no_folder_is_an_error_at_the_start() {
    let folder = folder();
    for name in ["missing", "index.html"] {
        let path = folder.path().join(name);
        let error = TestServer::builder()
            .root(&path)
            .start()
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(&format!("{}: ", path.display())),
            "{error}"
        );
    }
}

#[test]
fn head_announces_the_length_of_get_under_faults_that_change_the_body() {
    let folder = folder();
    for (plan, length) in [
        ("", "10"),
        ("100:gif-cut=3", "3"),
        ("100:corrupt", "10"),
        ("100:drip=1ms", "10"),
        ("100:length-long=5", "15"),
    ] {
        let server = serve(folder.path(), plan);
        for method in ["GET", "HEAD"] {
            let lines = format!("{method} /a%20b.txt HTTP/1.1\r\nhost: localhost");
            let mut connection = support::send(server.addresses()[0], &lines);
            let response = support::read(&mut connection, 20);
            assert_eq!(
                response.header("content-length").as_deref(),
                Some(length),
                "{plan}: {method}"
            );
        }
    }
}

#[test]
fn a_server_has_one_place_for_what_it_serves() {
    let folder = folder();
    let both = TestServer::builder().root(folder.path());
    let error = both.flags_dir(folder.path()).start().unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (
            std::io::ErrorKind::InvalidInput,
            "a server cannot have both a folder of files and a folder of flags"
        )
    );
}
