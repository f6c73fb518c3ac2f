//! Files that have the name of a flag before the run: links, folders, pipes, and complete or incomplete flags.

use std::fs;
use std::os::unix::fs::symlink;

use test_server::{Plan, TestServer};

use super::check_flags_and_list_others;
use crate::support::{self, Program, STRATEGIES, listing};

#[test]
fn links_with_the_name_of_a_flag_are_replaced_and_a_folder_is_an_error_of_its_code() {
    let server = TestServer::start(Plan::normal()).unwrap();
    for strategy in STRATEGIES {
        let program = Program::new();
        let at = |name: &str| program.downloads().join(name);
        fs::create_dir(program.downloads()).unwrap();
        fs::create_dir(at("br.gif")).unwrap();
        fs::write(program.folder.path().join("outside"), "mine").unwrap();
        fs::write(at("target"), "mine").unwrap();
        symlink("target", at("us.gif")).unwrap();
        symlink("../outside", at("de.gif")).unwrap();
        symlink("/dev/full", at("jp.gif")).unwrap();
        let run = program.run([
            "-v",
            "-s",
            &server.url(),
            "br",
            "us",
            "de",
            "jp",
            "--strategy",
            strategy,
        ]);
        assert!(
            run.out
                .contains("\n*** Error for BR: write_failed: Is a directory"),
            "{}",
            run.out
        );
        assert!(
            run.out.contains("\n3 flags downloaded.\n1 error.\n"),
            "{}",
            run.out
        );
        assert_eq!(run.exit, Some(1));
        assert_eq!(
            listing(&program.downloads()),
            ["br.gif", "de.gif", "jp.gif", "target", "us.gif"]
        );
        assert_eq!(fs::read(at("target")).unwrap(), b"mine");
        assert_eq!(
            fs::read(program.folder.path().join("outside")).unwrap(),
            b"mine"
        );
        for name in ["de.gif", "jp.gif", "us.gif"] {
            assert!(
                !fs::symlink_metadata(at(name)).unwrap().is_symlink(),
                "{name}"
            );
        }
    }
}

#[test]
fn skip_existing_requests_incomplete_flags_but_not_complete_ones() {
    let server = TestServer::start(Plan::normal()).unwrap();
    for strategy in STRATEGIES {
        let program = Program::new();
        let run = program.run(["-s", &server.url(), "br", "cn", "de", "in", "us", "mx"]);
        assert_eq!(run.exit, Some(0));
        let at = |name: &str| program.downloads().join(name);
        let whole = fs::read(at("br.gif")).unwrap();
        fs::write(at("br.gif"), &whole[..whole.len() - 1]).unwrap();
        fs::write(at("cn.gif"), "").unwrap();
        fs::write(at("de.gif"), [&whole[..], b"x"].concat()).unwrap();
        fs::remove_file(at("us.gif")).unwrap();
        support::make_pipe(&at("us.gif"));
        server.reset();
        let run = program.run([
            "-v",
            "-s",
            &server.url(),
            "br",
            "cn",
            "de",
            "in",
            "us",
            "mx",
            "xx",
            "--skip-existing",
            "--strategy",
            strategy,
        ]);
        assert_eq!(
            server.stats().codes.keys().collect::<Vec<_>>(),
            ["br", "cn", "de", "us", "xx"]
        );
        for line in [
            "BR OK",
            "CN OK",
            "DE OK",
            "IN already there",
            "US OK",
            "MX already there",
            "XX not found",
        ] {
            assert!(
                run.out.contains(&format!("\n{line}\n")),
                "{line}: {}",
                run.out
            );
        }
        assert!(
            run.out
                .contains("\n4 flags downloaded.\n2 already there.\n1 not found.\n"),
            "{}",
            run.out
        );
        assert_eq!(run.exit, Some(0));
        assert_eq!(fs::read(at("br.gif")).unwrap(), whole);
        assert!(check_flags_and_list_others(&program.downloads()).is_empty());
    }
}
