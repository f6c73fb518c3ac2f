//! Which requests carry headers and logins, which must not, and that these are never printed.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use crate::support::raw::{RawServer, ok};
use crate::support::{Program, Run, STRATEGIES, flag_of_brazil};

/// `me:secret`, as requests carry it.
const ME: &str = "authorization: Basic bWU6c2VjcmV0\r\n";

/// A server, and the heads of the requests that it got.
struct Site {
    server: RawServer,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Starts a server that answers a request for a path which ends with one of these texts with a redirect to that URL, and
    /// any other with the flag of Brazil.
    fn redirecting(redirects: &[(&'static str, String)]) -> Self {
        let (redirects, flag) = (redirects.to_vec(), flag_of_brazil());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let recorded = Arc::clone(&heads);
        let server = RawServer::deciding(move |head, _| {
            recorded.lock().unwrap().push(head.to_owned());
            let path = head.split(' ').nth(1).unwrap_or_default();
            match redirects.iter().find(|(end, _)| path.ends_with(end)) {
                Some((_, url)) => format!(
                    "HTTP/1.1 302 Found\r\nlocation: {url}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                )
                .into_bytes(),
                None => ok(&flag),
            }
        });
        Self { server, heads }
    }

    /// Returns the URL of a path on this server.
    fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.server.port())
    }

    /// Returns the base URL with a login.
    fn with_login(&self) -> String {
        self.at("/flags").replace("//", "//me:secret@")
    }

    /// Returns, for each request so far, its path and whether it has the login. Forgets them.
    fn requests(&self) -> Vec<(String, bool)> {
        let heads = std::mem::take(&mut *self.heads.lock().unwrap());
        let seen = |head: String| {
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            (path, head.contains(ME))
        };
        heads.into_iter().map(seen).collect()
    }
}

fn request(path: &str, has_login: bool) -> (String, bool) {
    (path.to_owned(), has_login)
}

#[test]
fn a_login_in_a_url_goes_to_no_other_server_however_often_that_redirects() {
    let other = Site::redirecting(&[("/1", "/2".to_owned())]);
    let first = Site::redirecting(&[("br.gif", other.at("/1"))]);
    for strategy in STRATEGIES {
        let base = first.with_login();
        let run = Program::new().run(["-s", &base, "--strategy", strategy, "br"]);
        assert_eq!(run.exit, Some(0), "{}", run.err);
        assert_eq!(first.requests(), [request("/flags/br/br.gif", true)]);
        assert_eq!(
            other.requests(),
            [request("/1", false), request("/2", false)]
        );
    }
}

#[test]
fn a_login_in_a_url_is_kept_by_a_redirect_on_the_same_server() {
    let first = Site::redirecting(&[("br.gif", "/moved".to_owned())]);
    let run = Program::new().run(["-s", &first.with_login(), "br"]);
    assert_eq!(run.exit, Some(0), "{}", run.err);
    let expected = [request("/flags/br/br.gif", true), request("/moved", true)];
    assert_eq!(first.requests(), expected);
}

#[test]
fn a_login_in_a_url_goes_to_its_server_again_if_another_one_redirects_back() {
    let redirect = |to: &str| {
        format!(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{to}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        )
        .into_bytes()
    };
    let flag = flag_of_brazil();
    let (sender, logins) = channel();
    let other = RawServer::deciding(move |head, _| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        redirect(&format!("{}/back", path.trim_start_matches('/')))
    });
    let elsewhere = other.port();
    let first = RawServer::deciding(move |head, port| {
        sender.send(head.contains(ME)).unwrap();
        match head.starts_with("GET /back ") {
            true => ok(&flag),
            false => redirect(&format!("{elsewhere}/{port}")),
        }
    });
    let base = first.url().replace("//", "//me:secret@");
    let run = Program::new().run(["-s", &base, "br"]);
    assert_eq!(run.exit, Some(0), "{}", run.err);
    assert_eq!(logins.try_iter().collect::<Vec<_>>(), [true, true]);
}

/// Returns the lines of the requests at `site` that begin with one of these names, for each request, sorted.
fn headers(site: &Site, names: &[&str]) -> Vec<Vec<String>> {
    let heads = std::mem::take(&mut *site.heads.lock().unwrap());
    let of_request = |head: String| {
        let is_named = |line: &&str| names.iter().any(|name| line.starts_with(name));
        let mut lines: Vec<_> = head.lines().filter(is_named).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    heads.into_iter().map(of_request).collect()
}

#[test]
fn headers_are_sent_but_credentials_go_to_no_other_server() {
    let other = Site::redirecting(&[("/1", "/2".to_owned())]);
    let first = Site::redirecting(&[("br.gif", other.at("/1"))]);
    let credentials = [
        "Authorization: Bearer s",
        "Cookie: a=s",
        "Proxy-Authorization: s",
    ];
    let others = ["X-Key: 1", "X-Key: 2", "User-Agent: mine"];
    let mut args = vec!["-s".to_owned(), first.at("/flags"), "br".to_owned()];
    for header in credentials.iter().chain(&others) {
        args.extend(["--header".to_owned(), (*header).to_owned()]);
    }
    let names = [
        "authorization",
        "cookie",
        "proxy-auth",
        "x-key",
        "user-agent",
    ];
    for strategy in STRATEGIES {
        let run = Program::new().run(
            args.iter()
                .map(String::as_str)
                .chain(["--strategy", strategy]),
        );
        assert_eq!(run.exit, Some(0), "{}", run.err);
        let all = [
            "authorization: Bearer s",
            "cookie: a=s",
            "proxy-authorization: s",
            "user-agent: mine",
            "x-key: 1",
            "x-key: 2",
        ];
        assert_eq!(headers(&first, &names), [all]);
        assert_eq!(headers(&other, &names), [&all[3..], &all[3..]]);
    }
}

#[test]
fn a_login_of_the_options_is_sent_unless_the_url_has_its_own() {
    let site = Site::redirecting(&[]);
    let login = |base: String, args: &[&str]| {
        let run = Program::new().run([&["-s", &base, "br"], args].concat());
        assert_eq!(run.exit, Some(0), "{}", run.err);
        headers(&site, &["authorization"]).concat()
    };
    let user = ["--user", "you:a:b"];
    assert_eq!(
        login(site.at("/flags"), &user),
        ["authorization: Basic eW91OmE6Yg=="]
    );
    let header = ["--header", "Authorization: Bearer x"];
    for options in [user, header] {
        assert_eq!(login(site.with_login(), &options), [ME.trim_end()]);
    }
}

#[test]
fn a_netrc_file_has_a_login_for_each_host_also_after_a_redirect() {
    let first = Site::redirecting(&[]);
    let other = Site::redirecting(&[("br.gif", first.at("/moved"))]);
    let program = Program::new();
    let netrc =
        "machine 127.0.0.1 login me password secret\nmachine localhost login you password x";
    std::fs::write(program.folder.path().join(".netrc"), netrc).unwrap();
    let base = other.at("/flags").replace("127.0.0.1", "localhost");
    for option in [&["--netrc"][..], &["--netrc-file", ".netrc"]] {
        let mut command = program.command();
        command.env("HOME", program.folder.path());
        let run = Run::of(command.args(["-s", &base, "br"]).args(option));
        assert_eq!(run.exit, Some(0), "{}", run.err);
        let yours = "authorization: Basic eW91Ong=";
        assert_eq!(headers(&other, &["authorization"]), [[yours]]);
        assert_eq!(headers(&first, &["authorization"]), [[ME.trim_end()]]);
    }
    // A login for all comes before one for a host.
    let args = ["-s", &first.at("/flags"), "br", "--netrc-file", ".netrc"];
    program.run([&args[..], &["--user", "you:x"]].concat());
    let yours = "authorization: Basic eW91Ong=";
    assert_eq!(headers(&first, &["authorization"]), [[yours]]);
}

#[test]
fn each_run_of_a_comparison_has_the_headers_and_the_login() {
    let site = Site::redirecting(&[]);
    let program = Program::new();
    std::fs::write(
        program.folder.path().join("netrc"),
        "default login you password x",
    )
    .unwrap();
    let base = site.at("/flags");
    let common = [
        "-s",
        &base,
        "br",
        "--compare",
        "--rounds",
        "1",
        "--header",
        "X-Key: ä",
    ];
    let netrc = ["--netrc-file", "netrc"];
    for (login, expected) in [
        (netrc, "authorization: Basic eW91Ong="),
        (["--user", "me:secret"], ME.trim_end()),
    ] {
        let run = program.run([&common[..], &login].concat());
        assert_eq!(run.exit, Some(0), "{}", run.err);
        // The first asks for the name of the server, without credentials.
        let flags = headers(&site, &["GET", "authorization", "x-key"]);
        let flags: Vec<_> = flags
            .into_iter()
            .filter(|lines| !lines.is_empty())
            .collect();
        let expected = ["GET /flags/br/br.gif HTTP/1.1", expected, "x-key: ä"];
        assert_eq!(flags, [expected; 3]);
        assert!(!run.err.contains("secret") && !run.out.contains("secret"));
    }
}

#[test]
fn values_of_headers_and_logins_are_never_printed() {
    let program = Program::new();
    std::fs::write(
        program.folder.path().join("netrc"),
        "machine h login me password s3cret s3cret",
    )
    .unwrap();
    for (args, message) in [
        (
            &["--header", "s3cret"][..],
            "--header HEADER must be a name, a colon and a value, such as 'Accept: image/gif'",
        ),
        (
            &["--header", "X: s3\u{1}cret"],
            "--header HEADER must be a name, a colon and a value, such as 'Accept: image/gif'",
        ),
        (
            &["--header", "Host: s3cret"],
            "--header HEADER cannot be 'host', which flags sets itself",
        ),
        (
            &["--user", "s3cret"],
            "--user NAME:PASSWORD must be a name, a colon and a password",
        ),
        (
            &[
                "--user",
                "s3cret:s3cret",
                "--header",
                "authorization: s3cret",
            ],
            "--user NAME:PASSWORD cannot be used with --header 'Authorization: ...'",
        ),
        (
            &["--netrc-file", "netrc"],
            "netrc file netrc: line 1: expected machine, default, login, password, account or macdef",
        ),
        (
            &["--netrc-file", "none"],
            "netrc file none: No such file or directory (os error 2)",
        ),
    ] {
        let run = program.run(args);
        let expected = format!("*** Usage error: {message}");
        assert_eq!(run.err.lines().next(), Some(&*expected), "{args:?}");
        assert_eq!((run.exit, run.out.contains("s3cret")), (Some(2), false));
    }

    let failing = RawServer::answering(ok(b"no flag"));
    let reports = ["-", "r.json", "r.html", "r.csv", "r.md", "r.svg"];
    let base = failing.url();
    let mut args = vec!["-s", &base, "br", "-v"];
    args.extend(["--user", "me:s3cret", "--header", "Cookie: s3cret"]);
    args.extend(reports.iter().flat_map(|report| ["--report", report]));
    let run = program.run(args);
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let mut texts = vec![run.out, run.err];
    for report in &reports[1..] {
        texts.push(std::fs::read_to_string(program.folder.path().join(report)).unwrap());
    }
    assert!(
        texts.iter().all(|text| !text.contains("s3cret")),
        "{texts:?}"
    );
}
