//! Files that are not GIFs are complete if the headers say so, and are otherwise not saved.

use std::fs;

use flags::item::{Item, Lines};
use flags::record::{Outcome, Record};
use flags::strategy::Strategy;

use crate::support::raw::{RawServer, ok};
use crate::support::{Work, flag_of_brazil};

const HEAD: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n";

/// Returns an answer with these further headers and this body.
fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("{HEAD}{headers}\r\n").as_bytes(), body].concat()
}

/// Requests a file of this name with each strategy. Returns the last record, and the file if it was saved.
fn download(answer: &[u8], name: &str, allow_unframed: bool) -> (Record, Option<Vec<u8>>) {
    let server = RawServer::answering(answer.to_vec());
    let list = format!("http://localhost:{}/{name}\n", server.port());
    let runs = Strategy::ALL.map(|strategy| {
        let items: Vec<Item> = Lines::of(list.as_bytes()).map(Result::unwrap).collect();
        let work = Work::of_items(items, |job| {
            job.allow_unframed = allow_unframed;
            job.limits.size = u64::MAX;
        });
        let record = work.run(strategy, 1).remove(0);
        let saved = fs::read(work.dest.path().join(name)).ok();
        assert_eq!(
            saved.is_some(),
            matches!(record.outcome, Outcome::Saved(_)),
            "{record:?}"
        );
        assert_eq!(work.listing().len(), usize::from(saved.is_some()));
        (record, saved)
    });
    let [.., last] = runs;
    last
}

/// Returns the file that was saved, or the failure as it is printed.
fn saved(answer: &[u8], name: &str, allow_unframed: bool) -> Result<Vec<u8>, String> {
    match download(answer, name, allow_unframed) {
        (_, Some(bytes)) => Ok(bytes),
        (record, None) => match record.outcome {
            Outcome::Failed(failure) => Err(failure.to_string()),
            other => panic!("{other:?}"),
        },
    }
}

#[test]
fn a_body_with_a_length_or_in_chunks_is_saved_as_it_came() {
    let chunked = answer(
        "transfer-encoding: chunked\r\n",
        b"3\r\nwho\r\n2\r\nle\r\n0\r\n\r\n",
    );
    for answer in [ok(b"whole"), chunked] {
        assert_eq!(saved(&answer, "a.txt", false), Ok(b"whole".to_vec()));
    }
    assert_eq!(saved(&ok(b""), "empty", false), Ok(Vec::new()));
    let large = vec![b'x'; 3 << 20];
    assert!(saved(&ok(&large), "large", false) == Ok(large));
}

#[test]
fn a_body_that_is_shorter_than_announced_is_not_saved() {
    let cut = answer("content-length: 6\r\n", b"whole");
    let failure = saved(&cut, "a.txt", true).unwrap_err();
    assert!(failure.starts_with("truncated: "), "{failure}");
    let cut = answer("transfer-encoding: chunked\r\n", b"6\r\nwhole");
    let failure = saved(&cut, "a.txt", true).unwrap_err();
    assert!(failure.starts_with("truncated: "), "{failure}");
}

#[test]
fn a_body_that_does_not_say_where_it_ends_is_saved_only_if_that_is_allowed() {
    let unframed = answer("", b"whole or not");
    assert_eq!(
        saved(&unframed, "a.txt", false),
        Err("unframed: neither Content-Length nor chunks say where the body ends".to_owned())
    );
    assert_eq!(saved(&unframed, "a.txt", true), Ok(b"whole or not".into()));
}

#[test]
fn a_gif_says_itself_whether_it_is_complete_and_nothing_else_passes_for_one() {
    let flag = flag_of_brazil();
    assert_eq!(saved(&answer("", &flag), "a.gif", false), Ok(flag.clone()));
    let cut = saved(&ok(&flag[..flag.len() - 1]), "a.gif", false).unwrap_err();
    assert!(cut.starts_with("gif_cut: "), "{cut}");
    let page = saved(&ok(b"<html>"), "a.GIF", false).unwrap_err();
    assert!(page.starts_with("not_gif: "), "{page}");
    assert_eq!(
        saved(&ok(b"<html>"), "a.gif.txt", false),
        Ok(b"<html>".into())
    );
}
