//! Which users' processes talk to each other.
//!
//! The key is the secret, and this is the second line of defence: a name that is not in the file system has no permissions,
//! so any user can connect to it. Another user gets no further, and one that has taken a name gets no key.

use std::os::fd::AsFd;

/// Returns whether the process at the other end of a socket is of this user.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn is_of_this_user(socket: impl AsFd) -> bool {
    use rustix::net::sockopt::socket_peercred;
    use rustix::process::geteuid;

    socket_peercred(socket).is_ok_and(|peer| peer.uid == geteuid())
}

/// Here all sockets are in folders that only the user can enter.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn is_of_this_user(_socket: impl AsFd) -> bool {
    true
}
