//! Tests of the receiving half over a pair of sockets.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use super::{READ_BYTES, Receiver, STEP_BYTES};
use crate::connection::frame::{Frame, HEADER_BYTES};
use crate::connection::sender::send_with;

fn frame(number: u64, body: &[u8]) -> Vec<u8> {
    let mut frame = Frame::new();
    frame.body().extend_from_slice(body);
    frame.finish(number).unwrap();
    frame.into_bytes()
}

/// Returns the end of a connection at which these bytes arrive, and then its end.
fn arriving(bytes: Vec<u8>) -> UnixStream {
    let (mut here, there) = UnixStream::pair().unwrap();
    thread::spawn(move || here.write_all(&bytes));
    there
}

#[test]
fn frames_of_any_size_are_received_one_by_one_until_the_end_of_the_stream() {
    let sizes = [
        0,
        1,
        READ_BYTES - HEADER_BYTES,
        READ_BYTES,
        3 * STEP_BYTES + 7,
        5,
    ];
    let bodies = sizes.map(|size| (0..size).map(|n| n as u8).collect::<Vec<_>>());
    let frames = (0..).zip(&bodies).map(|(number, body)| frame(number, body));
    let socket = arriving(frames.collect::<Vec<_>>().concat());
    let (mut receiver, mut body) = (Receiver::new(), Vec::new());
    for (number, expected) in (0..).zip(&bodies) {
        let received = receiver.receive(&socket, &mut body).unwrap();
        assert_eq!(received, Some(number));
        assert!(&body == expected, "{} bytes", expected.len());
    }
    assert_eq!(receiver.receive(&socket, &mut body).unwrap(), None);
}

#[test]
fn a_stream_that_ends_within_a_frame_is_an_error() {
    let whole = frame(1, b"one");
    for end in 1..whole.len() {
        let socket = arriving(whole[..end].to_vec());
        let received = Receiver::new().receive(&socket, &mut Vec::new());
        let error = received.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{end} bytes");
    }
}

#[test]
fn an_impossible_length_is_refused_without_allocating() {
    let mut huge = frame(1, b"one");
    huge[..4].fill(0xff);
    let mut body = Vec::new();
    let received = Receiver::new().receive(&arriving(huge), &mut body);
    assert_eq!(received.unwrap_err().kind(), io::ErrorKind::InvalidData);
    // Allowed, but it does not arrive.
    let mut long = frame(1, b"one");
    long[..4].copy_from_slice(&(1_u32 << 29).to_le_bytes());
    let received = Receiver::new().receive(&arriving(long), &mut body);
    assert_eq!(received.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert!(body.capacity() <= STEP_BYTES);
}

#[test]
fn the_memory_of_a_huge_frame_is_released_with_the_next() {
    let socket = arriving([frame(1, &vec![7; 8 << 20]), frame(2, b"two")].concat());
    let (mut receiver, mut body) = (Receiver::new(), Vec::new());
    receiver.receive(&socket, &mut body).unwrap();
    assert!(body.capacity() >= 8 << 20);
    receiver.receive(&socket, &mut body).unwrap();
    assert!(body.capacity() <= 1 << 20);
    assert!(receiver.buffer.len() <= READ_BYTES);
}

#[test]
fn a_frame_that_has_arrived_is_found_behind_others_and_still_received() {
    let (mut here, there) = UnixStream::pair().unwrap();
    let mut receiver = Receiver::new();
    assert!(!receiver.has_arrived(&there, 9));
    let long = vec![1; 100_000];
    here.write_all(&frame(1, &long)).unwrap();
    here.write_all(&frame(2, b"two")).unwrap();
    let last = frame(9, b"");
    here.write_all(&last[..5]).unwrap();
    assert!(!receiver.has_arrived(&there, 9));
    here.write_all(&last[5..]).unwrap();
    assert!(receiver.has_arrived(&there, 9));
    assert!(receiver.has_arrived(&there, 2) && !receiver.has_arrived(&there, 3));
    let mut body = Vec::new();
    for (number, expected) in [(1, &long[..]), (2, b"two"), (9, b"")] {
        let received = receiver.receive(&there, &mut body).unwrap();
        assert_eq!((received, &body[..]), (Some(number), expected));
    }
}

#[test]
fn descriptors_that_did_not_arrive_are_not_replaced_by_those_of_the_next_frame() {
    let (here, there) = UnixStream::pair().unwrap();
    for number in [1, 2] {
        let sent = [(); 3].map(|()| UnixStream::pair().unwrap().0.into());
        send_with(&here, &frame(number, b""), &sent).unwrap();
    }
    let mut receiver = Receiver::with_descriptors(Vec::new(), Vec::new());
    assert!(receiver.has_arrived(&there, 2));
    // As if there had been no room for one.
    drop(receiver.descriptors.as_mut().unwrap()[0].pop());
    receiver.receive(&there, &mut Vec::new()).unwrap();
    assert!(receiver.take_descriptors(3).is_err());
    receiver.receive(&there, &mut Vec::new()).unwrap();
    assert_eq!(receiver.take_descriptors(3).unwrap().len(), 3);
}
