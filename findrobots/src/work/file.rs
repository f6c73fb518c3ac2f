//! A log, and its path on the way to another process.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use concurrent_futures::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A file to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFile {
    path: SentPath,
    size: u64,
    kind: Kind,
    source: Source,
}

/// Where the bytes of a log come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Source {
    /// From its path.
    Path,
    /// They are sent with it. A file at its path, on the machine that reads them, is another one.
    Sent(Bytes),
    /// They were to be sent, and could not be read, for this reason.
    Unsent(String),
}

/// The most bytes of files that are sent with a task. With their paths, they must be less than the 256 MiB that a task may have.
#[cfg(feature = "nats")]
const MOST_SENT: u64 = 255 << 20;

/// What a log is to the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    /// A regular file, which can be read at any place, by several workers.
    Regular,
    /// A pipe or a device.
    Special,
    /// The standard input of this process.
    StandardInput,
}

impl LogFile {
    /// Returns the file of this path.
    ///
    /// # Errors
    /// If there is no such file, or it is a folder.
    pub fn new(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let metadata = fs::metadata(&path)?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let (size, kind) = match metadata.is_file() {
            true => (metadata.len(), Kind::Regular),
            false => (0, Kind::Special),
        };
        Ok(Self {
            path: SentPath(path),
            size,
            kind,
            source: Source::Path,
        })
    }

    /// Returns the standard input of this process.
    pub fn standard_input() -> Self {
        Self {
            path: SentPath(PathBuf::from("-")),
            size: 0,
            kind: Kind::StandardInput,
            source: Source::Path,
        }
    }

    /// Returns the path; `-` for standard input.
    pub fn path(&self) -> &Path {
        &self.path.0
    }

    /// Returns the size in bytes when the file was found; 0 for a stream.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns whether the file can be read once only, from its beginning to its end, and only by this process.
    pub fn is_stream(&self) -> bool {
        self.kind != Kind::Regular
    }

    /// Reads the file, to be sent with its bytes to a machine that cannot open it, if it fits into a task with `sent` bytes of
    /// other files. Returns the number of its bytes. If it cannot be read, that is sent instead.
    #[cfg(feature = "nats")]
    pub(super) fn carry(&mut self, sent: u64) -> u64 {
        match self.read_at_most(MOST_SENT.saturating_sub(sent)) {
            Ok(content) => {
                let bytes = content.len() as u64;
                self.source = Source::Sent(content.into());
                bytes
            }
            Err(error) => {
                self.source = Source::Unsent(error.to_string());
                0
            }
        }
    }

    #[cfg(feature = "nats")]
    fn read_at_most(&self, most: u64) -> io::Result<Vec<u8>> {
        use std::io::Read as _;

        let too_large = |bytes: u64| {
            let message = format!(
                "the file has {bytes} bytes, and --via-object-store sends at most {MOST_SENT}"
            );
            io::Error::new(io::ErrorKind::FileTooLarge, message)
        };
        let file = File::open(self.path())?;
        let size = file.metadata()?.len();
        // Not even read: it may be larger than the memory.
        if size > most {
            return Err(too_large(size));
        }
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        // One byte more, to notice that it has grown beyond the limit.
        let read = file.take(most + 1).read_to_end(&mut content)? as u64;
        match read <= most {
            true => Ok(content),
            false => Err(too_large(read)),
        }
    }

    /// Returns the bytes of the file, if they were sent with it.
    ///
    /// # Errors
    /// If they were to be sent, and could not be read.
    pub(super) fn sent(&self) -> io::Result<Option<&[u8]>> {
        match &self.source {
            Source::Path => Ok(None),
            Source::Sent(content) => Ok(Some(content)),
            Source::Unsent(reason) => Err(io::Error::other(reason.clone())),
        }
    }

    /// Opens a regular file.
    pub(super) fn open(&self) -> io::Result<File> {
        File::open(self.path())
    }

    /// Opens a pipe or a device. Does not wait until a pipe has a writer, because that cannot be interrupted; reading it may fail
    /// with [`WouldBlock`](io::ErrorKind::WouldBlock).
    #[cfg(target_os = "linux")]
    pub(super) fn open_stream(&self) -> io::Result<File> {
        use std::os::unix::fs::OpenOptionsExt as _;

        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        File::options()
            .read(true)
            .custom_flags(flags)
            .open(self.path())
    }

    /// Opens a pipe or a device. Waits until a pipe has a writer.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn open_stream(&self) -> io::Result<File> {
        self.open()
    }

    /// Returns whether this is the standard input.
    pub(super) fn is_standard_input(&self) -> bool {
        self.kind == Kind::StandardInput
    }
}

/// A path of any bytes. Serde refuses paths that are not UTF-8. It is sent as an absolute path, because a worker on another machine
/// is in another folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SentPath(pub(super) PathBuf);

#[cfg(unix)]
impl Serialize for SentPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use std::os::unix::ffi::OsStrExt as _;
        let absolute = std::path::absolute(&self.0);
        let path = absolute.as_ref().unwrap_or(&self.0);
        path.as_os_str().as_bytes().serialize(serializer)
    }
}

#[cfg(unix)]
impl<'de> Deserialize<'de> for SentPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use std::os::unix::ffi::OsStringExt as _;
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        Ok(Self(std::ffi::OsString::from_vec(bytes).into()))
    }
}

#[cfg(not(unix))]
impl Serialize for SentPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(not(unix))]
impl<'de> Deserialize<'de> for SentPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PathBuf::deserialize(deserializer).map(Self)
    }
}

/// Returns the longest folder that all files are in. The names of tasks are shown without it.
pub(super) fn common_folder(files: &[LogFile]) -> PathBuf {
    let folders = files.iter().map(|file| file.path().parent());
    let common = folders.reduce(|common, folder| {
        let ancestors = common?.ancestors();
        ancestors
            .into_iter()
            .find(|ancestor| folder.is_some_and(|folder| folder.starts_with(ancestor)))
    });
    common.flatten().unwrap_or(Path::new("")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_tasks_do_not_repeat_the_folder_of_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            LogFile::new(path).unwrap()
        };
        let in_common = |names: &[&str]| {
            let files: Vec<_> = names.iter().map(|name| file(name)).collect();
            common_folder(&files)
        };
        assert_eq!(in_common(&["a/x", "a/y"]), folder.path().join("a"));
        assert_eq!(in_common(&["a/x", "ab/y"]), folder.path());
        assert_eq!(in_common(&["a/b/x", "a/y"]), folder.path().join("a"));
        let streams = [LogFile::standard_input(), file("a/x")];
        assert_eq!(common_folder(&streams), Path::new(""));
    }

    #[cfg(feature = "nats")]
    #[test]
    fn a_file_that_is_sent_is_never_read_from_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        fs::write(&path, "a line\n").unwrap();
        let mut file = LogFile::new(&path).unwrap();
        assert_eq!(file.sent().unwrap(), None);
        assert_eq!(file.carry(0), 7);
        fs::remove_file(&path).unwrap();
        assert_eq!(file.sent().unwrap(), Some(&b"a line\n"[..]));
        assert_eq!(file.carry(0), 0);
        fs::write(&path, "a line of another file\n").unwrap();
        assert!(file.sent().is_err());
    }

    #[cfg(feature = "nats")]
    #[test]
    fn files_that_do_not_fit_in_a_task_are_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        fs::write(&path, "a line\n").unwrap();
        let mut file = LogFile::new(&path).unwrap();
        assert_eq!(file.carry(MOST_SENT - 7), 7);
        assert_eq!(file.carry(MOST_SENT - 6), 0);
        let error = file.sent().unwrap_err().to_string();
        assert!(error.starts_with("the file has 7 bytes"), "{error}");
    }
}
