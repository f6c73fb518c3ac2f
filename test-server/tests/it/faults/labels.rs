//! Heads that are wrong about the body.

use std::io::Read as _;

use super::{flag, response};

#[test]
fn the_type_and_the_encoding_are_those_of_the_plan() {
    let html = response("content-type=\"text/html; charset=utf-7\"");
    let content_type = html.header("content-type");
    assert_eq!(content_type.as_deref(), Some("text/html; charset=utf-7"));
    assert_eq!(
        (html.body(), html.header("content-encoding")),
        (&flag()[..], None)
    );
    assert_eq!(
        response("content-type=\"\"")
            .header("content-type")
            .as_deref(),
        Some("")
    );

    let gzip = response("content-encoding=gzip");
    assert_eq!(gzip.header("content-encoding").as_deref(), Some("gzip"));
    assert_eq!(gzip.header("content-type").as_deref(), Some("image/gif"));
    assert_eq!(gzip.body(), flag());
}

#[test]
fn a_text_is_in_another_charset_than_it_says() {
    let text = response("wrong-charset");
    assert_eq!(
        text.header("content-type").as_deref(),
        Some("text/plain; charset=utf-8")
    );
    assert!(std::str::from_utf8(text.body()).is_err());
}

#[test]
fn a_gzip_stream_is_cut() {
    let flag = flag();
    // The header of gzip and that of its only block.
    let overhead = 15;
    for (fault, length) in [
        ("gzip-cut", 200),
        ("gzip-cut=20", 20),
        ("gzip-cut=99999999", flag.len() + overhead - 1),
    ] {
        let cut = response(fault);
        assert_eq!(cut.header("content-encoding").as_deref(), Some("gzip"));
        assert_eq!(cut.header("content-length"), Some(length.to_string()));
        let mut unpacked = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(cut.body());
        assert!(decoder.read_to_end(&mut unpacked).is_err(), "{fault}");
        assert_eq!(unpacked, flag[..length - overhead], "{fault}");
    }
}

#[test]
fn a_large_body_has_several_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let large = vec![7; 150_000];
    std::fs::create_dir(folder.path().join("br")).unwrap();
    std::fs::write(folder.path().join("br/br.gif"), &large).unwrap();
    let builder = test_server::TestServer::builder().flags_dir(folder.path());
    let server = builder
        .plan("100:gzip-cut=99999999")
        .unwrap()
        .start()
        .unwrap();
    let cut = crate::support::get(&server, super::BR);
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(cut.body());
    assert!(decoder.read_to_end(&mut unpacked).is_err());
    assert_eq!(unpacked.len(), large.len() - 1);
}
