//! What a run requests: the flags of its codes, or the items of a list.

use std::io;
use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

use crate::cli::Config;
use crate::console::lines::Announced;
use crate::item::Item;
use crate::run::input::{Contents, End, Input, Listed};
use crate::server::BaseUrl;

/// The items of a run.
pub(super) struct Requested {
    /// What is known of them before the run.
    pub(super) announced: Announced,
    pub(super) items: BoxStream<'static, Item>,
    /// How the list ended; unset for as long as it has not.
    end: End,
}

impl Requested {
    /// Returns the items of the run: those of the list, or the flags from the server at `base`. Blocks until the first item of a
    /// stream has been read, or `stop` is cancelled.
    ///
    /// # Errors
    /// If the list cannot be read.
    pub(super) fn new(
        config: &Config,
        base: Option<&BaseUrl>,
        stop: &CancellationToken,
    ) -> io::Result<Self> {
        match (&config.list, base) {
            (Some(list), _) => Self::of_list(list, stop),
            (None, base) => {
                let base = base.map(|base| Arc::new(base.clone()));
                let flags = base.iter().flat_map(|base| config.flags(base));
                Ok(Self::of_flags(flags.collect()))
            }
        }
    }

    fn of_flags(flags: Vec<Item>) -> Self {
        Self {
            announced: Announced::of(&flags),
            items: stream::iter(flags).boxed(),
            end: Arc::new(Ok(()).into()),
        }
    }

    fn of_list(list: &Input, stop: &CancellationToken) -> io::Result<Self> {
        let Listed { mut items, end } = list.items(stop)?;
        let (announced, items) = match &list.contents {
            Some(contents) => (announced(contents), items),
            None => {
                let waiting = runtime::Builder::new_current_thread().build()?;
                let first = waiting.block_on(items.next());
                let announced = Announced::Stream(first.as_ref().map(ToString::to_string));
                (announced, stream::iter(first).chain(items).boxed())
            }
        };
        Ok(Self {
            announced,
            items,
            end,
        })
    }

    /// Returns how the reading of the list has ended, for after the run.
    pub(super) fn reading(&self) -> Reading {
        Reading(Arc::clone(&self.end))
    }
}

/// How the reading of a list ended.
pub(super) struct Reading(End);

impl Reading {
    /// Returns the error that ended the reading.
    pub(super) fn error(&self) -> Option<&io::Error> {
        self.0.get().and_then(|end| end.as_ref().err())
    }

    /// Returns whether the whole list was read.
    pub(super) fn is_complete(&self) -> bool {
        self.0.get().is_some_and(Result::is_ok)
    }
}

/// Returns the announcement of a list that is a regular file.
pub(super) fn announced(contents: &Contents) -> Announced {
    Announced::Known {
        count: contents.count,
        first: contents.first.iter().map(ToString::to_string).collect(),
        last: contents
            .last
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    }
}
