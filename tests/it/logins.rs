//! Which requests carry a login, and which must not.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use crate::support::raw::{RawServer, ok};
use crate::support::{Program, STRATEGIES, flag_of_brazil};

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
