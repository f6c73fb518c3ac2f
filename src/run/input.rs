//! The list of `--input`: a file, which is read twice, or a stream, which is read while its items are downloaded.
//!
//! Neither is kept in memory: a list may be longer than that. A regular file is read once before the run, so that its first
//! and last items, and how many there are, are known. A stream is read by a thread of its own, a little ahead of the
//! downloads: the program that writes it may take as long as it likes.

use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader};
use std::iter;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;

use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use reqwest::Url;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::item::{Item, Lines};
use crate::run::unfinished::Unfinished;

/// How many items of a stream are read ahead.
const AHEAD: usize = 64;

/// How many items of a regular file are taken after the run was stopped, to be reported as not attempted.
const AFTER_STOP: usize = 10_000;

/// The most items of a regular file that are named before the run, besides the last.
pub(crate) const NAMED: usize = 10;

/// A list of URLs.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    /// The file as typed; `-` is standard input.
    pub(crate) file: PathBuf,
    /// The most of its items that are taken.
    pub(crate) limit: NonZeroUsize,
    /// How its items are named.
    pub(crate) naming: Naming,
    /// The items that are taken, if not all are.
    pub(crate) only: Option<Arc<Unfinished>>,
    /// What it contains; `None` for a stream, which can be read only once.
    pub(crate) contents: Option<Contents>,
}

/// How the items of a list are named.
#[derive(Debug, Clone, Default)]
pub(crate) struct Naming {
    /// Whether the names of files have folders as in their URLs.
    pub(crate) keeps_paths: bool,
    /// The names of files in the same folder that must not be replaced.
    pub(crate) reserved: Vec<String>,
}

/// What a regular file contains.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    /// The number of items.
    pub(crate) count: usize,
    /// The first items.
    pub(crate) first: Vec<Item>,
    /// The last item.
    pub(crate) last: Option<Item>,
    /// The first URL of each protocol.
    pub(crate) sites: Vec<Url>,
}

/// The items of a list as a run takes them.
pub(crate) struct Listed {
    pub(crate) items: BoxStream<'static, Item>,
    /// How the list ended. Unset while it is read, and if the run ends first.
    pub(crate) end: End,
}

/// Set when a list has been read: to an error, if it could not be read to its end.
pub(crate) type End = Arc<OnceLock<io::Result<()>>>;

impl Input {
    /// Opens the list in `file`, or on standard input if that is `-`. Of a list that is a regular file, reads its contents, but
    /// not beyond its first `limit` items.
    ///
    /// # Errors
    /// If there is no such file, or if a regular file cannot be read. A line that cannot be used is an item.
    pub(crate) fn open(file: &Path, limit: NonZeroUsize, naming: Naming) -> io::Result<Self> {
        let mut input = Self {
            file: file.to_owned(),
            limit,
            naming,
            only: None,
            contents: None,
        };
        let metadata = (!input.is_stdin())
            .then(|| fs::metadata(file))
            .transpose()?;
        if metadata.is_some_and(|metadata| !is_stream(&metadata)) {
            input.contents = Some(Contents::read(input.lines()?)?);
        }
        Ok(input)
    }

    /// Opens a list of which only these items are taken.
    ///
    /// # Errors
    /// As [`open`](Self::open), and if the list is a stream or is not the one that these items are from.
    pub(crate) fn open_unfinished(
        file: &Path,
        limit: NonZeroUsize,
        naming: Naming,
        only: Unfinished,
    ) -> io::Result<Self> {
        let all = Self::open(file, NonZeroUsize::MAX, naming)?;
        if all.contents.is_none() {
            return Err(io::Error::other("a stream cannot be read again"));
        }
        let mut check = only.check();
        for item in all.lines()? {
            check.note(&item?);
        }
        if !check.passes() {
            return Err(io::Error::other(
                "it has changed since the report was written",
            ));
        }
        let mut input = Self {
            limit,
            only: Some(Arc::new(only)),
            ..all
        };
        input.contents = Some(Contents::read(input.lines()?)?);
        Ok(input)
    }

    /// Returns the items of the list, which this reads as they are taken.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub(crate) fn lines(&self) -> io::Result<impl Iterator<Item = io::Result<Item>> + use<>> {
        let reader: Box<dyn BufRead + Send> = match self.is_stdin() {
            true => Box::new(BufReader::new(io::stdin())),
            false => Box::new(BufReader::new(File::open(&self.file)?)),
        };
        let only = self.only.clone();
        let is_taken = move |item: &io::Result<Item>| match (&only, item) {
            (Some(only), Ok(item)) => only.contains(item),
            _ => true,
        };
        let of_report = self.only.as_ref().map_or(usize::MAX, |only| only.limit);
        let Naming {
            keeps_paths,
            reserved,
        } = &self.naming;
        let lines = Lines::of(reader)
            .keeping_paths(*keeps_paths)
            .reserving(reserved.iter().cloned())
            .take(of_report);
        Ok(lines.filter(is_taken).take(self.limit.get()))
    }

    /// Returns the items of the list for a run. Those of a stream end when `stop` is cancelled, because the rest of it may never
    /// come.
    ///
    /// # Errors
    /// If a regular file cannot be opened again, or the thread for a stream cannot be started.
    pub(crate) fn items(&self, stop: &CancellationToken) -> io::Result<Listed> {
        let end = End::default();
        let items = match self.contents {
            Some(_) => {
                let lines = until_end(self.lines()?, Arc::clone(&end));
                stream::iter(shortly_after(stop.clone(), lines)).boxed()
            }
            None => {
                let received = self.read_in_thread(Arc::clone(&end))?;
                received.take_until(stop.clone().cancelled_owned()).boxed()
            }
        };
        Ok(Listed { items, end })
    }

    /// Reads a stream in a thread, which ends with the stream or with the process.
    fn read_in_thread(&self, end: End) -> io::Result<impl Stream<Item = Item> + use<>> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let input = self.clone();
        let read = move || {
            let send = |next| sender.blocking_send(next).ok();
            // Sending fails when the run is over.
            match input.lines() {
                Ok(lines) => lines.map(Some).chain([None]).try_for_each(send),
                Err(error) => send(Some(Err(error))),
            };
        };
        thread::Builder::new().name("list".to_owned()).spawn(read)?;
        // The end counts when it arrives here: items that were read ahead may never be taken.
        let next = async |(mut receiver, end): (mpsc::Receiver<_>, End)| {
            let ended = match receiver.recv().await? {
                Some(Ok(item)) => return Some((item, (receiver, end))),
                Some(Err(error)) => Err(error),
                None => Ok(()),
            };
            let _ = end.set(ended);
            None
        };
        Ok(stream::unfold((receiver, end), next))
    }

    /// Returns how many of its items are taken at most, if there is a limit.
    pub(crate) fn limit(&self) -> Option<usize> {
        Some(self.limit.get()).filter(|&limit| limit < usize::MAX)
    }

    fn is_stdin(&self) -> bool {
        self.file == Path::new("-")
    }
}

impl Contents {
    /// Reads all items.
    fn read(lines: impl Iterator<Item = io::Result<Item>>) -> io::Result<Self> {
        let mut contents = Self::default();
        for item in lines {
            let item = item?;
            contents.count += 1;
            if let Ok(url) = item.url()
                && !contents
                    .sites
                    .iter()
                    .any(|site| site.scheme() == url.scheme())
            {
                contents.sites.push(url);
            }
            if contents.first.len() < NAMED {
                contents.first.push(item.clone());
            }
            contents.last = Some(item);
        }
        Ok(contents)
    }
}

/// Returns the items up to the first error or the end, and notes which it was.
fn until_end(
    mut lines: impl Iterator<Item = io::Result<Item>>,
    end: End,
) -> impl Iterator<Item = Item> {
    iter::from_fn(move || {
        let ended = match lines.next() {
            Some(Ok(item)) => return Some(item),
            Some(Err(error)) => Err(error),
            None => Ok(()),
        };
        // Set already if it is asked again after its end.
        let _ = end.set(ended);
        None
    })
}

/// Returns the items until `stop` is cancelled, and the first few after that: each of a short list is then reported as not
/// attempted, and a long one does not delay the end of the run.
fn shortly_after(
    stop: CancellationToken,
    items: impl Iterator<Item = Item>,
) -> impl Iterator<Item = Item> {
    let mut left = AFTER_STOP;
    items.take_while(move |_| {
        if stop.is_cancelled() {
            left = left.saturating_sub(1);
        }
        left > 0
    })
}

/// Returns whether a file can be read only once. A folder cannot be read at all, which is an error.
fn is_stream(metadata: &Metadata) -> bool {
    !metadata.is_file() && !metadata.is_dir()
}
