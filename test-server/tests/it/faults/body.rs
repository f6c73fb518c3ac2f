//! Bodies that are not the flag, and codes without a flag.

use super::{BR, flag, response, response_read_by, server_with, start_of_response};
use crate::support::{ConnectionState, get, read};

#[test]
fn bodies_are_huge_or_endless() {
    let huge = response_read_by("huge=100000", |connection| read(connection, 100_000));
    assert_eq!(
        (huge.header("content-length").as_deref(), huge.body().len()),
        (Some("100000"), 100_000)
    );
    let announced = start_of_response("huge", 4096).header("content-length");
    assert_eq!(announced.as_deref(), Some("67108864"));
    let endless = start_of_response("endless", 3 << 20);
    assert_eq!(
        (
            endless.header("content-length"),
            endless.bytes.len() >= 3 << 20
        ),
        (None, true)
    );

    let server = server_with("gzip-bomb");
    let bomb = get(&server, BR);
    assert_eq!(bomb.header("content-encoding").as_deref(), Some("gzip"));
    assert!(bomb.body().len() < 100_000, "{}", bomb.body().len());
    let mut unpacked = flate2::read::GzDecoder::new(bomb.body());
    assert_eq!(
        std::io::copy(&mut unpacked, &mut std::io::sink()).unwrap(),
        64 << 20
    );
}

#[test]
fn one_byte_is_flipped() {
    let flag = flag();
    for (fault, at) in [
        ("corrupt", 99),
        ("corrupt=1", 0),
        ("corrupt=99999999", flag.len() - 1),
    ] {
        let corrupt = response(fault);
        let mut expected = flag.clone();
        expected[at] = !expected[at];
        assert_eq!(
            (corrupt.status(), corrupt.body()),
            (200, &expected[..]),
            "{fault}"
        );
    }
}

#[test]
fn codes_without_a_flag_are_404_if_the_fault_needs_one() {
    for (fault, status) in [
        ("drip", 404),
        ("reset-body", 404),
        ("gif-cut", 404),
        ("html", 200),
        ("status=503", 503),
    ] {
        let server = server_with(fault);
        assert_eq!(get(&server, "/flags/xx/xx.gif").status(), status, "{fault}");
    }
    assert_eq!(
        get(&server_with("reset"), "/flags/xx/xx.gif").connection,
        ConnectionState::Reset
    );
}
