//! Flags above 1 MiB: they are written to their temporary file while they arrive.

use std::fs;

use super::flag_of;
use crate::support::raw::{RawServer, kept_ok, ok};
use crate::support::{Program, STRATEGIES, listing};
use flags::report::Report;

/// The number of comments of a flag of 3 MB.
const COMMENTS: usize = 11_700;

#[test]
fn a_large_flag_is_saved_only_if_it_is_complete() {
    let flag = flag_of(COMMENTS);
    let complete = ok(&flag);
    let cut = complete[..complete.len() - 1000].to_vec();
    let cut_gif = ok(&flag[..flag.len() - 1000]);
    let trailing = ok(&[&flag[..], &vec![b'x'; 3 << 20]].concat());
    let page = ok(&vec![b'x'; 3 << 20]);
    for (answer, error) in [
        (complete, None),
        (
            cut,
            Some("truncated: end of file before message length reached"),
        ),
        (cut_gif, Some("gif_cut: the GIF ends after 3029335 bytes")),
        (
            trailing,
            Some("gif_trailing: 3145728 bytes after the end of the GIF"),
        ),
        (
            page,
            Some("not_gif: the body begins with \"xxxxxxxxxxxxxxxxxxxxxxxx\""),
        ),
    ] {
        let server = RawServer::answering(answer);
        for strategy in STRATEGIES {
            let program = Program::new();
            fs::create_dir(program.downloads()).unwrap();
            fs::write(program.downloads().join("br.gif"), "older").unwrap();
            let args = ["-v", "-s", &server.url(), "--strategy", strategy, "br"];
            let run = program.run([&args[..], &["--size-limit", "16MiB"]].concat());
            let expected = match error {
                None => "BR OK".to_owned(),
                Some(error) => format!("*** Error for BR: {error}"),
            };
            assert!(run.out.contains(&expected), "{}", run.out);
            assert_eq!(listing(&program.downloads()), ["br.gif"]);
            let saved = fs::read(program.downloads().join("br.gif")).unwrap();
            assert!(saved == if error.is_none() { &flag[..] } else { b"older" });
        }
    }
}

#[test]
fn large_flags_take_little_memory() {
    if !cfg!(target_os = "linux") {
        return;
    }
    // 16 flags of 10 MB at the same time.
    let server = RawServer::answering_every_request(kept_ok(&flag_of(4 * COMMENTS)));
    for strategy in &STRATEGIES[1..] {
        let program = Program::new();
        let args = [
            "-q",
            "-s",
            &server.url(),
            "--strategy",
            strategy,
            "b",
            "-l",
            "16",
        ];
        let run = program.run([&args[..], &["--size-limit", "64MiB", "--report", "-"]].concat());
        let report: Report = serde_json::from_str(&run.out).unwrap();
        assert_eq!(report.runs[0].totals.ok, 16, "{}", run.err);
        let peak = report.runs[0].resources.unwrap().peak_memory.unwrap();
        assert!(peak < 64 << 20, "{strategy}: {peak} bytes");
    }
}
