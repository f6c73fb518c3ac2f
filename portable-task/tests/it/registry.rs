//! Calls that succeed, and calls that fail as a whole or in part.

use portable_task::{
    Bytes, ChunkReply, Registry, RemoteError, RemoteErrorKind, Task, TaskId, decode_reply,
    encode_call, encode_chunk, task,
};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

fn divide(a: i32, b: i32) -> i32 {
    a / b
}

fn nothing() {}

fn read(path: String) -> Result<Bytes, RemoteError> {
    std::fs::read(path).map(Bytes).map_err(RemoteError::failed)
}

task!(Divide = fn divide(a: i32, b: i32) -> i32, name = "divide");
task!(Nothing = fn nothing());
task!(Read = fn read(path: String) -> Result<Bytes, RemoteError>);

/// The step at which a value fails, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Fails {
    Never,
    Encoding,
    Decoding,
    EncodingByPanic,
    DecodingByPanic,
}

#[derive(Debug)]
struct Fragile(Fails);

impl Serialize for Fragile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Fails::Encoding => Err(S::Error::custom("not encoded")),
            Fails::EncodingByPanic => panic!("encoding panics"),
            _ => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Fragile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Fails::deserialize(deserializer)? {
            Fails::Decoding => Err(D::Error::custom("not decoded")),
            Fails::DecodingByPanic => panic!("decoding panics"),
            other => Ok(Self(other)),
        }
    }
}

fn take(fragile: Fragile) -> bool {
    fragile.0 == Fails::Never
}

fn give(fails: Fails) -> Fragile {
    Fragile(fails)
}

task!(Take = fn take(fragile: Fragile) -> bool);
task!(Give = fn give(fails: Fails) -> Fragile);

fn registry() -> Registry {
    Registry::new()
        .with::<Divide>()
        .with::<Nothing>()
        .with::<Read>()
        .with::<Take>()
        .with::<Give>()
}

fn call<K>(task: K) -> Result<K::Output, RemoteError>
where
    K: portable_task::PortableTask,
{
    let mut call = Vec::new();
    encode_call(task, &mut call)?;
    decode_reply(&registry().call(&call))
}

fn kind<T: std::fmt::Debug>(outcome: Result<T, RemoteError>) -> (RemoteErrorKind, String) {
    let error = outcome.unwrap_err();
    (error.kind, error.message)
}

#[test]
fn a_call_returns_the_value_of_its_task() {
    assert_eq!(call(Divide(6, 2)), Ok(3));
    assert_eq!(call(Nothing()), Ok(()));
    let error = call(Read("/no/such/file".to_owned())).unwrap().unwrap_err();
    assert_eq!(error.kind, RemoteErrorKind::Failed);
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn a_panic_is_the_error_of_its_task() {
    let (kind, message) = kind(call(Divide(1, 0)));
    assert_eq!(kind, RemoteErrorKind::Panicked);
    assert_eq!(message, "attempt to divide by zero");
}

#[test]
fn what_cannot_be_encoded_or_decoded_is_an_error_of_the_task() {
    use RemoteErrorKind::{Decode, Encode};
    let both = |fails, expected: (RemoteErrorKind, &str)| {
        let taken = kind(call(Take(Fragile(fails))));
        let given = kind(call(Give(fails)));
        assert_eq!(taken, given);
        assert_eq!((taken.0, taken.1.as_str()), expected);
    };
    assert!(call(Take(Fragile(Fails::Never))).unwrap());
    // postcard does not keep the messages of other crates' errors.
    let refused = |value: &Result<(), postcard::Error>| value.clone().unwrap_err().to_string();
    both(
        Fails::Encoding,
        (Encode, &refused(&Err(postcard::Error::SerdeSerCustom))),
    );
    both(
        Fails::Decoding,
        (Decode, &refused(&Err(postcard::Error::SerdeDeCustom))),
    );
    both(Fails::EncodingByPanic, (Encode, "encoding panics"));
    both(Fails::DecodingByPanic, (Decode, "decoding panics"));
}

#[test]
fn a_chunk_ends_at_the_first_panic_and_keeps_the_values_before_it() {
    let chunk = |tasks| {
        let mut call = Vec::new();
        encode_chunk::<Divide>(tasks, &mut call).unwrap();
        decode_reply::<ChunkReply<i32>>(&registry().call(&call)).unwrap()
    };
    let whole = chunk(vec![Divide(4, 2), Divide(9, 3)]);
    assert_eq!((whole.values, whole.error), (vec![2, 3], None));
    let part = chunk(vec![Divide(4, 2), Divide(1, 0), Divide(9, 3)]);
    assert_eq!(part.values, [2]);
    assert_eq!(part.error.unwrap().kind, RemoteErrorKind::Panicked);
}

#[test]
fn a_task_that_the_worker_lacks_is_not_run() {
    let mut call = Vec::new();
    encode_call(Divide(1, 1), &mut call).unwrap();
    let (kind, message) = kind(decode_reply::<i32>(&Registry::new().call(&call)));
    assert_eq!(kind, RemoteErrorKind::Unregistered);
    assert_eq!(message, r#"the worker has no task "divide""#);
}

#[test]
fn a_task_of_another_version_is_not_run() {
    task!(DivideLong = fn divide(a: i32, b: i32) -> i32, name = "divide", version = 2);

    let mut call = Vec::new();
    encode_call(DivideLong(1, 1), &mut call).unwrap();
    let (kind, message) = kind(decode_reply::<i32>(&registry().call(&call)));
    assert_eq!(kind, RemoteErrorKind::Unregistered);
    assert_eq!(
        message,
        r#"the task "divide" has version 2, but the worker has version 1"#
    );
}

#[test]
fn the_check_of_a_task_says_what_to_add() {
    assert_eq!(registry().check::<Divide>(), Ok(()));
    let (kind, message) = kind(Registry::new().check::<Divide>());
    assert_eq!(kind, RemoteErrorKind::Unregistered);
    let advice = r#"the task "divide" is not registered: add `.with::<it::registry::Divide>()` to the registry"#;
    assert_eq!(message, advice);
}

#[test]
fn two_tasks_of_one_name_are_an_error_at_start() {
    mod other {
        pub(super) fn divide(a: i32) -> i32 {
            a / 2
        }
        portable_task::task!(pub(super) Divide = fn divide(a: i32) -> i32, name = "divide");
    }

    // The same task twice is none.
    assert_eq!(registry().merge(registry()).tasks().count(), 5);
    let merged = || registry().merge(Registry::new().with::<other::Divide>());
    let message = portable_task::panics::catch(|| drop(merged())).unwrap_err();
    assert!(
        message.starts_with(r#"two tasks are named "divide": it::registry::Divide and"#),
        "{message}"
    );
    let (kind, message) = kind(registry().check::<other::Divide>());
    assert_eq!(kind, RemoteErrorKind::Unregistered);
    assert!(
        message.contains(r#"its name "divide" is that of it::registry::Divide"#),
        "{message}"
    );
}

#[test]
fn a_macro_makes_names_from_the_path_of_the_function() {
    assert_eq!(Nothing::NAME, "it::registry::nothing");
    assert_eq!(
        TaskId::of::<Nothing>().to_string(),
        "it::registry::nothing (version 1)"
    );
}

#[test]
fn bytes_that_are_no_call_or_no_reply_are_errors() {
    for call in [&b""[..], b"\xff", b"\x06divide", b"\x06divide\x01\x02"] {
        let (kind, _) = kind(decode_reply::<i32>(&registry().call(call)));
        assert_eq!(kind, RemoteErrorKind::Decode, "{call:?}");
    }
    for reply in [&b""[..], b"\x02", b"\x01", b"\x00"] {
        let (kind, _) = kind(decode_reply::<i32>(reply));
        assert_eq!(kind, RemoteErrorKind::Decode, "{reply:?}");
    }
}

#[test]
fn what_is_before_the_reply_stays() {
    let mut call = Vec::new();
    encode_call(Give(Fails::Encoding), &mut call).unwrap();
    let mut frame = b"header".to_vec();
    registry().call_into(&call, &mut frame);
    assert_eq!(&frame[..6], b"header");
    assert!(decode_reply::<Fragile>(&frame[6..]).is_err());
}

#[test]
fn a_call_is_not_appended_to_a_buffer_that_is_too_long_already() {
    // The system provides memory only for bytes that are written.
    let mut buffer = vec![0; (1 << 30) + 1];
    let error = encode_call(Divide(12, 6), &mut buffer).unwrap_err();
    assert_eq!(error.message, "it needs more than 1 GiB");
}

#[test]
fn a_task_may_have_fields_of_types_with_any_name() {
    #[derive(Serialize, Deserialize)]
    struct S(u32);
    #[derive(Serialize, Deserialize)]
    struct D(u32);

    fn sum(s: S, d: D) -> u32 {
        s.0 + d.0
    }

    task!(Sum = fn sum(s: S, d: D) -> u32);

    let mut call = Vec::new();
    encode_call(Sum(S(1), D(2)), &mut call).unwrap();
    let reply = Registry::new().with::<Sum>().call(&call);
    assert_eq!(decode_reply::<u32>(&reply), Ok(3));
}
