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
    /// The bytes of the file, if it is sent with them.
    content: Option<Bytes>,
}

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
            content: None,
        })
    }

    /// Returns the standard input of this process.
    pub fn standard_input() -> Self {
        Self {
            path: SentPath(PathBuf::from("-")),
            size: 0,
            kind: Kind::StandardInput,
            content: None,
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

    /// Reads the file, to be sent with its bytes to a machine that cannot open it.
    ///
    /// # Errors
    /// If it cannot be read.
    #[cfg(feature = "nats")]
    pub(super) fn carry(&mut self) -> io::Result<()> {
        self.content = Some(fs::read(self.path())?.into());
        Ok(())
    }

    /// Opens a regular file.
    pub(super) fn open(&self) -> io::Result<File> {
        #[cfg(feature = "nats")]
        if let Some(content) = &self.content {
            use std::io::Write as _;

            // Files are read at any place, which a slice of bytes is not.
            let mut file = tempfile::tempfile()?;
            file.write_all(content)?;
            io::Seek::rewind(&mut file)?;
            return Ok(file);
        }
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
    fn a_file_that_carries_its_bytes_can_be_read_where_it_does_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        fs::write(&path, "a line\n").unwrap();
        let mut file = LogFile::new(&path).unwrap();
        file.carry().unwrap();
        fs::remove_file(path).unwrap();
        let mut text = String::new();
        io::Read::read_to_string(&mut file.open().unwrap(), &mut text).unwrap();
        assert_eq!(text, "a line\n");
    }
}
