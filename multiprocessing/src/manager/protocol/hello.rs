//! How a client and a manager recognise each other.
//!
//! The first frame of a client contains fixed bytes, the version of the protocol, and the key of the manager. The manager
//! answers with one byte, or closes the connection if the client is a stranger.

use std::fmt;
use std::hint::black_box;
use std::io;

use serde::{Deserialize, Serialize};

use super::random::random_bytes;

/// The version of what clients and managers say to each other.
const VERSION: u32 = 2;

/// The first bytes of a client.
const MAGIC: &[u8; 8] = b"mp-mngr\n";

/// The length of the body of the first frame.
pub(crate) const HELLO_BYTES: usize = MAGIC.len() + size_of::<u32>() + KEY_BYTES;

const KEY_BYTES: usize = 32;

/// The secret that a client must know.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key([u8; KEY_BYTES]);

impl Key {
    /// Returns a new key, from the random numbers of the system.
    pub(crate) fn random() -> io::Result<Self> {
        random_bytes().map(Self)
    }

    /// Compares in a time that does not depend on where the two differ.
    fn matches(&self, other: &[u8]) -> bool {
        let pairs = self.0.iter().zip(other);
        let differences = pairs.fold(0, |all, (here, there)| all | black_box(here ^ there));
        other.len() == KEY_BYTES && black_box(differences) == 0
    }
}

/// Without the key, which must not appear in a log.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Returns the body of the first frame of a client.
pub(crate) fn hello(key: &Key) -> Vec<u8> {
    [MAGIC.as_slice(), &VERSION.to_le_bytes(), &key.0].concat()
}

/// The answer to the first frame of a client: the only byte of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Welcome {
    Accepted,
    OtherVersion,
    WrongKey,
}

/// Returns the answer to a client that starts with this body, or `None` if it is not a client.
pub(crate) fn welcome(hello: &[u8], key: &Key) -> Option<Welcome> {
    let rest = hello.strip_prefix(MAGIC)?;
    let (version, offered) = rest.split_first_chunk()?;
    Some(if u32::from_le_bytes(*version) != VERSION {
        Welcome::OtherVersion
    } else if key.matches(offered) {
        Welcome::Accepted
    } else {
        Welcome::WrongKey
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_of_the_manager_is_welcome() {
        let (key, other) = (Key([7; KEY_BYTES]), Key::random().unwrap());
        let said = hello(&key);
        assert_eq!(said.len(), HELLO_BYTES);
        assert_eq!(welcome(&said, &key), Some(Welcome::Accepted));
        assert_eq!(welcome(&said, &other), Some(Welcome::WrongKey));
        assert_eq!(welcome(&said[..20], &key), Some(Welcome::WrongKey));
        let mut old = said.clone();
        old[MAGIC.len()] = 0;
        assert_eq!(welcome(&old, &key), Some(Welcome::OtherVersion));
        assert_eq!(welcome(b"GET / HTTP/1.1\r\n", &key), None);
        assert_eq!(welcome(MAGIC, &key), None);
    }

    #[test]
    fn the_debug_form_of_a_key_does_not_contain_it() {
        assert_eq!(format!("{:?}", Key([7; KEY_BYTES])), "Key");
    }
}
