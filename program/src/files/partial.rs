//! Files under construction that a later run can go on with.
//!
//! Such a file has two names: `.flags-0123456789abcdef.part` has its bytes, and `.flags-0123456789abcdef.json` is a note
//! from which a later run learns what they are the beginning of. The digits are a key that the program makes from the name
//! of the file. The note is written before the first byte, so a killed run leaves both.
//!
//! What is left is only useful for some time: a sweep removes what has not grown for [`KEPT`], and one of the two without
//! the other. A run locks the bytes while it uses them, so no other run goes on with them or removes them meanwhile. Only a
//! file that belongs to this user and has no other name is used: in a shared folder, others can put one there.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::new_file::report_late_errors;
use super::tree::rename_below;
use super::{Files, WriteError};

/// How long a partial file is kept after its last byte.
pub(super) const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The suffixes of the bytes and of the note.
const PART: &str = ".part";
const NOTE: &str = ".json";

/// The number of hexadecimal digits of a key.
const DIGITS: usize = 16;

/// The most bytes read of a note. A URL has at most 64 KiB, and JSON can make six characters of one.
const LONGEST_NOTE: u64 = 1 << 20;

/// The number of bytes that are read at a time.
const PIECE: usize = 64 << 10;

/// The permissions of new files: those that the umask allows, and those of the user alone.
const ORDINARY: u32 = 0o666;
const PRIVATE: u32 = 0o600;

/// A file under construction that outlives its run. Dropping it keeps it for a later one.
#[derive(Debug)]
pub struct PartialFile {
    file: File,
    names: Names,
    /// The folder, and the name that the file gets in it.
    folder: PathBuf,
    target: PathBuf,
    is_synced: bool,
}

/// The names of one partial file.
#[derive(Debug)]
pub(super) struct Names {
    part: PathBuf,
    note: PathBuf,
}

impl Files {
    /// Opens the partial file with this key that an earlier run has left in `folder`, and its note. The file gets the name
    /// `target` when it is complete. Returns `None` if there is none, and if another run uses it.
    ///
    /// # Errors
    /// If it cannot be read, or does not belong to this user.
    pub fn open_partial(
        self,
        folder: &Path,
        target: &Path,
        key: u64,
    ) -> io::Result<Option<(PartialFile, Vec<u8>)>> {
        let names = Names::of(self, folder, key);
        let file = match open_own(&names.part, None) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        if !is_locked_now(&file, &names.part) {
            return Ok(None);
        }
        let mut note = Vec::new();
        open_own(&names.note, None)?
            .take(LONGEST_NOTE)
            .read_to_end(&mut note)?;
        let partial = self.partial(file, names, folder, target);
        Ok(Some((partial, note)))
    }

    /// Starts a partial file with this key, in place of one that an earlier run has left. Returns `None` if another run uses
    /// that, and on systems where a file cannot be locked.
    ///
    /// # Errors
    /// If it cannot be created or replaced.
    pub fn begin_partial(
        self,
        folder: &Path,
        target: &Path,
        key: u64,
        note: &[u8],
    ) -> io::Result<Option<PartialFile>> {
        let names = Names::of(self, folder, key);
        let file = open_own(&names.part, Some(ORDINARY))?;
        if !is_locked_now(&file, &names.part) {
            // Where files cannot be locked, no sweep would remove it.
            if matches!(file.try_lock(), Err(TryLockError::Error(_))) {
                remove_own(&names.part);
            }
            return Ok(None);
        }
        let mut partial = self.partial(file, names, folder, target);
        // Emptied before the note: what is there belongs to the old one.
        match partial.file.set_len(0).and_then(|()| partial.note(note)) {
            Ok(()) => Ok(Some(partial)),
            Err(error) => {
                partial.discard();
                Err(error)
            }
        }
    }

    fn partial(self, file: File, names: Names, folder: &Path, target: &Path) -> PartialFile {
        PartialFile {
            file,
            names,
            folder: folder.to_owned(),
            target: target.to_owned(),
            is_synced: self.is_synced,
        }
    }
}

impl PartialFile {
    /// Returns the number of its bytes.
    ///
    /// # Errors
    /// If the system does not report it.
    pub fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Passes the first `length` bytes to `feed` and removes the rest. What is written then follows them. Blocks.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn read_back(&mut self, length: u64, mut feed: impl FnMut(&[u8])) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(0))?;
        let mut bytes = vec![0; PIECE];
        loop {
            match self.file.read(&mut bytes)? {
                0 => return Ok(()),
                read => feed(&bytes[..read]),
            }
        }
    }

    /// Appends these bytes. Blocks.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let written = self.file.write_all(bytes);
        written.map_err(|source| self.error(source))
    }

    /// Replaces the note. Only this user can read it. If the file is synced, its bytes are on the disk before.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn note(&mut self, note: &[u8]) -> io::Result<()> {
        if self.is_synced {
            self.file.sync_data()?;
        }
        // A run that is killed between the two leaves a note that cannot be read, which is as good as none.
        let mut file = open_own(&self.names.note, Some(PRIVATE))?;
        make_private(&file)?;
        file.set_len(0)?;
        file.write_all(note)?;
        match self.is_synced {
            true => file.sync_data(),
            false => Ok(()),
        }
    }

    /// Removes the file and its note.
    pub fn discard(self) {
        self.remove();
    }

    fn remove(&self) {
        // What cannot be removed does no harm: the sweep of a later run does it.
        let _ = fs::remove_file(&self.names.part);
        remove_own(&self.names.note);
    }

    /// Gives the file its name, where it replaces an existing file or link, and removes the note. Missing subfolders are
    /// created; none of them may be a link. Blocks.
    ///
    /// # Errors
    /// As for `NewFile::finish`. Nothing is left behind.
    pub fn finish(self) -> Result<(), WriteError> {
        let finished = self.put_in_place();
        finished.map_err(|source| {
            self.remove();
            self.error(source)
        })
    }

    fn put_in_place(&self) -> io::Result<()> {
        if self.is_synced {
            self.file.sync_all()?;
        }
        report_late_errors(&self.file)?;
        let part = &self.names.part;
        match self.target.components().count() {
            // Without a descriptor for the folder, of which there may be none to spare.
            1 if !self.is_synced => fs::rename(part, self.folder.join(&self.target))?,
            _ => rename_below(part, &self.folder, &self.target, self.is_synced)?,
        }
        let _ = fs::remove_file(&self.names.note);
        Ok(())
    }

    fn error(&self, source: io::Error) -> WriteError {
        WriteError {
            path: self.folder.join(&self.target),
            source,
        }
    }
}

impl Names {
    fn of(files: Files, folder: &Path, key: u64) -> Self {
        let name = |suffix| folder.join(format!("{}{key:0DIGITS$x}{suffix}", files.prefix()));
        Self {
            part: name(PART),
            note: name(NOTE),
        }
    }
}

/// Returns the key of the partial file that this name belongs to, or `None` for another name.
pub(super) fn key_of(name: &[u8], files: Files) -> Option<u64> {
    let name = name.strip_prefix(files.prefix().as_bytes())?;
    let digits = name
        .strip_suffix(PART.as_bytes())
        .or_else(|| name.strip_suffix(NOTE.as_bytes()))?;
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_key = digits.len() == DIGITS && digits.iter().all(is_digit);
    let digits = str::from_utf8(digits).ok().filter(|_| is_key)?;
    u64::from_str_radix(digits, 16).ok()
}

/// Removes the partial file with this key if no run can go on with it: if its note or its bytes are missing, or if it has
/// not grown for [`KEPT`]. Returns whether a run can.
pub(super) fn sweep_partial(files: Files, folder: &Path, key: u64) -> bool {
    let names = Names::of(files, folder, key);
    let part = match open_own(&names.part, None) {
        Ok(part) => part,
        // A note without bytes: a run was killed after it had given the file its name.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            remove_own(&names.note);
            return false;
        }
        Err(_) => return false,
    };
    if !is_locked_now(&part, &names.part) {
        return false;
    }
    let grown = part.metadata().and_then(|metadata| metadata.modified());
    // A time in the future is that of another clock.
    let is_old = grown.is_ok_and(|at| at.elapsed().is_ok_and(|elapsed| elapsed > KEPT));
    if is_old || fs::symlink_metadata(&names.note).is_err() {
        let _ = fs::remove_file(&names.part);
        remove_own(&names.note);
        return false;
    }
    true
}

/// Removes a file of this user that has no other name.
fn remove_own(path: &Path) {
    if open_own(path, None).is_ok() {
        let _ = fs::remove_file(path);
    }
}

/// Opens a file of this user that has no other name, for reading and writing. Creates it with these permissions if it is missing
/// and there are some. Follows no link and waits for no pipe.
#[cfg(unix)]
fn open_own(path: &Path, create: Option<u32>) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

    use rustix::fs::OFlags;

    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options()
        .read(true)
        .write(true)
        .create(create.is_some())
        .truncate(false)
        .mode(create.unwrap_or(ORDINARY))
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    let user = rustix::process::geteuid().as_raw();
    match metadata.is_file() && metadata.nlink() == 1 && metadata.uid() == user {
        true => Ok(file),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

/// Returns an error: on this system, the owner of a file is not known.
#[cfg(not(unix))]
fn open_own(_path: &Path, _create: Option<u32>) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Locks the file, and returns whether it still has this name. Another run may have finished it since it was opened: it then
/// has its own name, and must not be written to.
#[cfg(unix)]
pub(super) fn is_locked_now(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let same = || {
        let (open, named) = (file.metadata().ok()?, fs::symlink_metadata(path).ok()?);
        Some((open.dev(), open.ino()) == (named.dev(), named.ino()))
    };
    file.try_lock().is_ok() && same().unwrap_or(false)
}

/// Returns false: on this system, it is not known whether the file still has this name.
#[cfg(not(unix))]
pub(super) fn is_locked_now(_file: &File, _path: &Path) -> bool {
    false
}

/// Takes the permissions of other users away: a URL may have a password in its query.
#[cfg(unix)]
fn make_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    file.set_permissions(fs::Permissions::from_mode(0o600))
}

/// Does nothing on this system.
#[cfg(not(unix))]
fn make_private(_file: &File) -> io::Result<()> {
    Ok(())
}
