//! Disk faults: every flag on disk is complete, temporary files are removed (after `kill -9`, by the next run), and files of
//! other programs are untouched.

mod existing;
mod folder;
mod large;
mod leftovers;
mod room;
mod synced;

use std::fs;
use std::path::Path;

use flags::download::check_gif;
use test_server::TestServer;

use crate::support::listing;

/// Returns a flag with this many comments, each of which has 259 bytes.
fn flag_of(comments: usize) -> Vec<u8> {
    let mut gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    let comment = [&[0x21, 0xfe, 255][..], &[b'x'; 255], &[0]].concat();
    (0..comments).for_each(|_| gif.extend_from_slice(&comment));
    gif.extend_from_slice(b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b");
    assert_eq!(check_gif(&gif), Ok(()));
    gif
}

/// Starts a server with flags of 900 KB, large enough that a run can be killed while it writes one.
fn serve_large_flags(codes: &[&str]) -> (tempfile::TempDir, TestServer) {
    let folder = tempfile::tempdir().unwrap();
    for code in codes {
        let gif = flag_of(3500);
        let code = code.to_lowercase();
        fs::create_dir(folder.path().join(&code)).unwrap();
        fs::write(folder.path().join(&code).join(format!("{code}.gif")), gif).unwrap();
    }
    let server = TestServer::builder()
        .flags_dir(folder.path())
        .start()
        .unwrap();
    (folder, server)
}

/// Asserts that every file with the name of a flag is a complete flag. Returns the names of the other files.
fn check_flags_and_list_others(folder: &Path) -> Vec<String> {
    let (flags, others): (Vec<_>, Vec<_>) = listing(folder)
        .into_iter()
        .partition(|name| name.ends_with(".gif"));
    for name in flags {
        assert_eq!(
            check_gif(&fs::read(folder.join(&name)).unwrap()),
            Ok(()),
            "{name}"
        );
    }
    others
}
