//! Handles of objects, and the replies to their requests.

use std::io;
use std::sync::Arc;

use portable_task::reply_error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::connection::{self, Address, Session, request, request_in};
use super::error::ManagerError;
use super::protocol::encoding::Blob;
use super::protocol::{Fault, New, ObjectId, Reply, Request};

/// An object in a manager. Handles are equal if they are of the same object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handle {
    address: Arc<Address>,
    pub(crate) id: ObjectId,
}

impl Handle {
    /// Creates an object in the manager with this address.
    pub(crate) fn create(address: &Arc<Address>, new: New) -> Result<Self, ManagerError> {
        match request(address, &Request::Create(new))?.0 {
            Reply::Created(id) => Ok(Self {
                address: Arc::clone(address),
                id,
            }),
            // The first task of a service has failed.
            Reply::Called(reply) => Err(called_error(&reply)),
            Reply::Fault(fault) => Err(fault.into()),
            reply => Err(unexpected(reply)),
        }
    }

    /// Sends a request and waits for its reply.
    pub(crate) fn ask(&self, request_to_send: &Request) -> Result<Reply, ManagerError> {
        self.ask_in_session(request_to_send).map(|(reply, _)| reply)
    }

    /// Sends a request and waits for its reply. Returns the session too, to which belongs what this thread then holds.
    pub(crate) fn ask_in_session(
        &self,
        request_to_send: &Request,
    ) -> Result<(Reply, Session), ManagerError> {
        match request(&self.address, request_to_send)? {
            (Reply::Fault(fault), _) => Err(fault.into()),
            replied => Ok(replied),
        }
    }

    /// Sends a request about something that this thread got in a session, and waits for the reply.
    ///
    /// # Errors
    /// [`ManagerError::NotOwner`] if the session has ended: the manager has released what belonged to it. What this thread
    /// has got since then, perhaps of the same object, is not touched.
    pub(crate) fn ask_in(
        &self,
        session: Session,
        request_to_send: &Request,
    ) -> Result<Reply, ManagerError> {
        match request_in(session, request_to_send)? {
            Some(Reply::Fault(fault)) => Err(fault.into()),
            Some(reply) => Ok(reply),
            // Fails if the manager has ended, which is the better explanation.
            None => request(&self.address, &Request::Status).and(Err(ManagerError::NotOwner)),
        }
    }

    /// Sends a request that releases something of this session, without waiting. Does nothing if the session has ended,
    /// which has released it already.
    pub(crate) fn release(&self, session: Session, request: &Request) {
        connection::release(session, request);
    }

    /// Returns the handle of another object in the same manager.
    pub(crate) fn beside(&self, id: ObjectId) -> Self {
        let address = Arc::clone(&self.address);
        Self { address, id }
    }

    /// Returns the manager of the object.
    pub(crate) fn address(&self) -> &Arc<Address> {
        &self.address
    }
}

impl Serialize for Handle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&*self.address, self.id).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Handle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (address, id) = Deserialize::deserialize(deserializer)?;
        let address = Arc::new(address);
        Ok(Self { address, id })
    }
}

impl From<Fault> for ManagerError {
    fn from(fault: Fault) -> Self {
        let index = |number| usize::try_from(number).unwrap_or(usize::MAX);
        match fault {
            Fault::NoObject => Self::NoObject,
            Fault::OutOfRange { index: at, len } => Self::OutOfRange {
                index: index(at),
                len: index(len),
            },
            Fault::Deadlock => Self::Deadlock,
            Fault::NotOwner => Self::NotOwner,
            Fault::AboveBound => Self::AboveBound,
            Fault::BrokenBarrier => Self::BrokenBarrier,
            Fault::TooLong => Self::TooLong,
            Fault::NoThread(message) => Self::Io(io::Error::other(message)),
        }
    }
}

/// Returns the error in the reply of a task that failed.
pub(crate) fn called_error(reply: &Blob) -> ManagerError {
    match reply_error(reply) {
        Some(error) => ManagerError::Remote(error),
        None => ManagerError::Decode("a value in the place of an error".to_owned()),
    }
}

/// Returns the error of a reply that does not fit the request.
pub(crate) fn unexpected(reply: Reply) -> ManagerError {
    ManagerError::Decode(format!("unexpected reply: {reply:?}"))
}

/// The parts of replies.
impl Reply {
    pub(crate) fn done(self) -> Result<(), ManagerError> {
        let done = self.in_time()?;
        done.ok_or_else(|| unexpected(Self::TimedOut))
    }

    /// Returns `None` if the time was up.
    pub(crate) fn in_time(self) -> Result<Option<()>, ManagerError> {
        match self {
            Self::Done => Ok(Some(())),
            Self::TimedOut => Ok(None),
            reply => Err(unexpected(reply)),
        }
    }

    pub(crate) fn is(self) -> Result<bool, ManagerError> {
        match self {
            Self::Is(is) => Ok(is),
            reply => Err(unexpected(reply)),
        }
    }

    pub(crate) fn count(self) -> Result<usize, ManagerError> {
        match self {
            Self::Count(count) => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
            reply => Err(unexpected(reply)),
        }
    }

    pub(crate) fn value(self) -> Result<Option<Blob>, ManagerError> {
        match self {
            Self::Value(value) => Ok(value),
            reply => Err(unexpected(reply)),
        }
    }

    pub(crate) fn values(self) -> Result<Vec<Blob>, ManagerError> {
        match self {
            Self::Values(values) => Ok(values),
            reply => Err(unexpected(reply)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::local;
    use crate::manager::protocol::{AT_ONCE, ListRequest, LockRequest};

    #[test]
    fn a_request_that_cannot_be_encoded_releases_nothing() {
        let address = local::address().unwrap();
        let reentrant = false;
        let lock = Handle::create(&address, New::Lock { reentrant }).unwrap();
        let list = Handle::create(&address, New::List(Vec::new())).unwrap();
        let acquire = Request::Lock(lock.id, LockRequest::Acquire(AT_ONCE));
        lock.ask(&acquire).unwrap();

        // Zeros that are never read take no memory.
        let huge = Blob::new(vec![0; 1 << 30]);
        let extend = Request::List(list.id, ListRequest::Extend(vec![huge]));
        let error = list.ask(&extend).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot encode a value: it needs more than 1 GiB"
        );

        let release = Request::Lock(lock.id, LockRequest::Release);
        assert_eq!(lock.ask(&release).unwrap(), Reply::Done);
    }
}
