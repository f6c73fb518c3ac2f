//! Values of variables, and the routes that follow from them.

use super::*;

fn proxies(variables: &[(&str, &str)]) -> Proxies {
    Proxies::new(|name| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| OsString::from(value))
    })
}

/// Returns the way to `url` in words.
fn way(proxies: &Proxies, url: &str) -> String {
    match proxies.route(&Url::parse(url).unwrap()) {
        Route::Direct => "direct".to_owned(),
        Route::Proxy(proxy) => proxy.to_string(),
        Route::Unusable(error) => error.to_string(),
    }
}

const HTTP: &str = "http://flags.example/br.gif";
const HTTPS: &str = "https://flags.example/br.gif";

#[test]
fn each_scheme_has_its_own_proxy_or_that_of_all() {
    for (variables, http, https) in [
        (&[][..], "direct", "direct"),
        (&[("http_proxy", "http://a:1")], "a:1", "direct"),
        (&[("HTTPS_PROXY", "a")], "direct", "a:80"),
        (&[("https_proxy", "https://a")], "direct", "a:443"),
        (&[("all_proxy", "a:1"), ("HTTP_PROXY", "b:2")], "b:2", "a:1"),
        (
            &[("HTTP_PROXY", "a:1"), ("http_proxy", "b:2")],
            "a:1",
            "direct",
        ),
        (
            &[("HTTP_PROXY", ""), ("http_proxy", "b:2")],
            "direct",
            "direct",
        ),
        (
            &[("ALL_PROXY", "http://[::1]:1/path")],
            "[::1]:1",
            "[::1]:1",
        ),
        (&[("ALL_PROXY", "HTTP://a:1")], "a:1", "a:1"),
        (
            &[
                ("HTTP_PROXY", "evil:1"),
                ("https_proxy", "a:1"),
                ("REQUEST_METHOD", "GET"),
            ],
            "direct",
            "a:1",
        ),
    ] {
        let proxies = proxies(variables);
        let ways = [HTTP, HTTPS].map(|url| way(&proxies, url));
        assert_eq!(ways, [http, https], "{variables:?}");
    }
}

#[test]
fn this_machine_and_excluded_hosts_are_reached_directly() {
    let proxies = proxies(&[
        ("ALL_PROXY", "a:1"),
        ("no_proxy", "flags.example, 192.0.2.0/24,.example.org"),
    ]);
    for host in [
        "localhost",
        "LOCALHOST.",
        "flags.localhost",
        "127.0.0.1",
        "127.9.8.7:80",
        "[::1]",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:0.0.0.0]",
        "2130706433",
        "flags.example",
        "sub.flags.example",
        "192.0.2.7",
        "www.example.org",
    ] {
        assert_eq!(
            way(&proxies, &format!("http://{host}/")),
            "direct",
            "{host}"
        );
    }
    for host in [
        "notflags.example",
        "192.0.3.7",
        "[::2]",
        "[::ffff:1.2.3.4]",
        "localhost.example",
    ] {
        assert_eq!(way(&proxies, &format!("http://{host}/")), "a:1", "{host}");
    }
}

#[test]
fn a_value_that_is_not_a_proxy_is_an_error_that_hides_a_login() {
    for (value, shown) in [
        (":::", ":::"),
        ("foo://", "foo://"),
        ("ftp://h:1", "ftp://h:1"),
        ("http://", "http://"),
        ("http://:8080", "http://:8080"),
        ("h:99999", "h:99999"),
        ("http://h:port", "http://h:port"),
        ("two words", "two words"),
        ("/run/proxy", "/run/proxy"),
        ("h\u{202e}:1", r"h\u{202e}:1"),
        ("http://me:secret@", "***@"),
        ("me:sec@ret@h:port", "***@h:port"),
    ] {
        let way = way(&proxies(&[("http_proxy", value)]), HTTP);
        let expected =
            format!("http_proxy is '{shown}', which is not a proxy; use http://HOST:PORT");
        assert_eq!(way, expected);
    }
    for value in ["SOCKS5://h:1", "socks5h://me:secret@h:1", "socks4://h"] {
        let way = way(&proxies(&[("ALL_PROXY", value)]), HTTPS);
        assert!(way.contains("and SOCKS proxies are not supported"), "{way}");
        assert!(!way.contains("secret"), "{way}");
    }
}

#[test]
fn the_login_of_a_proxy_is_sent_but_not_shown() {
    let proxies = proxies(&[("http_proxy", "http://alice:sec%20ret@a:1")]);
    let url = Url::parse(HTTP).unwrap();
    let proxy = proxies.proxy(&url).unwrap();
    assert_eq!(proxy.authorization().unwrap(), "Basic YWxpY2U6c2VjIHJldA==");
    let shown = format!("{proxy} {proxy:?} {proxies:?}");
    assert!(
        !shown.contains("alice") && !shown.contains("ret"),
        "{shown}"
    );
}
