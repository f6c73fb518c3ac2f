//! The items of a run with their URLs, instead of the run.

use std::io::Write;

use program::{Ending, Exit, Output, print_stderr};

use crate::cli::Config;
use crate::item::Item;

/// The size of the pieces in which the items of codes and of files are printed.
const PIECE: usize = 64 << 10;

/// Prints a line for each item that a run with these settings would request. Those of a stream are printed as they come.
pub(super) fn print(config: &Config, out: &mut Output<impl Write>) -> Exit {
    let piece = match config.asked() {
        Some(_) => PIECE,
        None => 0,
    };
    let mut text = String::new();
    let listed = config.list(|item| {
        text += &item_and_url(item);
        if text.len() > piece {
            out.print(&text);
            text.clear();
        }
        out.failed().is_none()
    });
    out.print(&text);
    if let Err(error) = listed {
        print_stderr(&error);
        return Exit::Usage;
    }
    let ending = Ending {
        output: out.failed(),
        ..Ending::default()
    };
    ending.exit()
}

/// Returns the line for an item, with its URL. A password or a token in the URL is hidden.
fn item_and_url(item: &Item) -> String {
    format!("{item} {}\n", item.shown_url().unwrap_or_default())
}
