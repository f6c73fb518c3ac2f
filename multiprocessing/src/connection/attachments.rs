//! Descriptors that travel with a frame.
//!
//! serde turns a value into bytes, but a descriptor must be handed to the system. So a type that owns one leaves it here
//! while it is serialized, and writes its index; while it is deserialized it takes the descriptor of that index. Outside of
//! [`collect`] and [`supply`] both are errors: a descriptor in a file would be only a number.

use std::cell::RefCell;
use std::os::fd::OwnedFd;

use portable_task::{RemoteError, RemoteErrorKind};

thread_local! {
    static COLLECTED: RefCell<Option<Collected>> = const { RefCell::new(None) };
    static SUPPLIED: RefCell<Vec<Option<OwnedFd>>> = const { RefCell::new(Vec::new()) };
}

/// What was attached to a frame.
#[derive(Default)]
struct Collected {
    descriptors: Vec<OwnedFd>,
    /// Why something could not be attached.
    problem: Option<String>,
    accepts: bool,
}

/// The most descriptors that the system passes at a time.
pub(crate) const MAX_ATTACHMENTS: usize = 253;

/// Calls `encode`, and returns the descriptors that were attached meanwhile.
///
/// # Errors
/// That of `encode`. If something could not be attached, with the reason: postcard does not keep the messages of other
/// crates' errors.
pub(crate) fn collect(
    encode: impl FnOnce() -> Result<(), RemoteError>,
) -> Result<Vec<OwnedFd>, RemoteError> {
    collect_if(true, encode)
}

/// Calls `encode` where nothing can be attached.
///
/// # Errors
/// Those of [`collect`].
pub(crate) fn refuse_all(
    encode: impl FnOnce() -> Result<(), RemoteError>,
) -> Result<(), RemoteError> {
    collect_if(false, encode).map(drop)
}

fn collect_if(
    accepts: bool,
    encode: impl FnOnce() -> Result<(), RemoteError>,
) -> Result<Vec<OwnedFd>, RemoteError> {
    /// Restores the outer collection also if `encode` panics.
    struct Restore(Option<Collected>);

    impl Drop for Restore {
        fn drop(&mut self) {
            COLLECTED.set(self.0.take());
        }
    }

    let collected = Collected {
        accepts,
        ..Collected::default()
    };
    let _restore = Restore(COLLECTED.replace(Some(collected)));
    let encoded = encode();
    let Collected {
        descriptors,
        mut problem,
        ..
    } = COLLECTED.take().unwrap_or_default();
    if descriptors.len() > MAX_ATTACHMENTS {
        problem = Some(format!("it has more than {MAX_ATTACHMENTS} ends of pipes"));
    }
    match (encoded, problem) {
        (_, Some(problem)) => Err(RemoteError::new(RemoteErrorKind::Encode, problem)),
        (encoded, None) => encoded.map(|()| descriptors),
    }
}

/// Calls `decode`, which may take these descriptors. Those that it leaves are closed.
pub(crate) fn supply<T>(descriptors: Vec<OwnedFd>, decode: impl FnOnce() -> T) -> T {
    struct Restore(Vec<Option<OwnedFd>>);

    impl Drop for Restore {
        fn drop(&mut self) {
            SUPPLIED.set(std::mem::take(&mut self.0));
        }
    }

    let descriptors = descriptors.into_iter().map(Some).collect();
    let _restore = Restore(SUPPLIED.replace(descriptors));
    decode()
}

/// Returns whether a descriptor can be attached now.
pub(crate) fn can_attach() -> bool {
    COLLECTED.with_borrow(|collected| collected.as_ref().is_some_and(|it| it.accepts))
}

/// Attaches a descriptor to the frame that this thread encodes. Returns its index, or `None` if no frame is being encoded.
pub(crate) fn attach(descriptor: OwnedFd) -> Option<u32> {
    COLLECTED.with_borrow_mut(|collected| {
        let descriptors = &mut collected.as_mut()?.descriptors;
        descriptors.push(descriptor);
        u32::try_from(descriptors.len() - 1).ok()
    })
}

/// Records why something cannot be attached to the frame that this thread encodes.
pub(crate) fn refuse(problem: &str) {
    COLLECTED.with_borrow_mut(|collected| {
        if let Some(collected) = collected {
            collected.problem = Some(problem.to_owned());
        }
    });
}

/// Takes the descriptor with this index from the frame that this thread decodes.
pub(crate) fn take(index: u32) -> Option<OwnedFd> {
    let index = usize::try_from(index).ok()?;
    SUPPLIED.with_borrow_mut(|supplied| supplied.get_mut(index)?.take())
}
