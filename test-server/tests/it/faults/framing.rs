//! Wrong lengths of the body.

use super::{assert_response, flag, head};
use crate::support::ConnectionState;

#[test]
fn length_faults_send_the_flag_with_a_wrong_length() {
    let flag = flag();
    let with = |lengths: &[String]| {
        let lines: String = lengths
            .iter()
            .map(|length| format!("content-length: {length}\r\n"))
            .collect();
        [head(&lines), flag.clone()].concat()
    };
    let length = |more: i64| (flag.len() as i64 + more).to_string();
    assert_response("length-short", with(&[length(-100)]), ConnectionState::Fin);
    assert_response("length-short=7", with(&[length(-7)]), ConnectionState::Fin);
    assert_response("length-long", with(&[length(100)]), ConnectionState::Open);
    assert_response(
        "length-absurd",
        with(&["1000000000000".to_owned()]),
        ConnectionState::Open,
    );
    assert_response(
        "length-malformed",
        with(&["-5".to_owned()]),
        ConnectionState::Fin,
    );
    assert_response(
        "length-twice",
        with(&[length(0), length(1)]),
        ConnectionState::Fin,
    );
}
