//! Workers of a program that has been replaced or removed while it runs, as an upgrade does. They must run the file that
//! the program runs, so that no task is computed by another version. A program of its own, because a worker that is
//! started by default is this file without arguments.
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

#[cfg(all(target_os = "linux", feature = "processes"))]
mod test {
    use std::fs;
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use concurrent_futures::{ProcessPoolExecutor, Registry, Task, serve};
    use serde::{Deserialize, Serialize};

    /// Set for the program that is replaced while it runs.
    const IS_COPY: &str = "CONCURRENT_FUTURES_TEST_IS_COPY";

    /// Returns the file that the worker runs, and the name that the system shows for the worker.
    #[derive(Serialize, Deserialize)]
    struct WhoAmI;

    impl Task for WhoAmI {
        type Output = (u64, String);
        const NAME: &'static str = "who-am-i";

        fn run(self) -> (u64, String) {
            (
                running_file(),
                fs::read_to_string("/proc/self/comm").unwrap(),
            )
        }
    }

    /// Returns the inode of the file that this process runs.
    fn running_file() -> u64 {
        fs::metadata("/proc/self/exe").unwrap().ino()
    }

    pub(super) fn main() {
        serve(Registry::new().with::<WhoAmI>());
        if std::env::var_os(IS_COPY).is_some() {
            return use_pool_when_told();
        }
        with_copy(|program| {
            let other = program.with_extension("new");
            fs::copy(program, &other).unwrap();
            fs::rename(other, program).unwrap();
        });
        with_copy(|program| fs::remove_file(program).unwrap());
    }

    /// Starts a copy of this program, calls `replace` with its path and lets it use a pool.
    fn with_copy(replace: impl FnOnce(&Path)) {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let mut copy = Command::new(&program)
            .env(IS_COPY, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(copy.stdout.take().unwrap());
        output.read_line(&mut String::new()).unwrap();
        replace(&program);
        copy.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert!(copy.wait().unwrap().success());
    }

    fn use_pool_when_told() {
        let executor = ProcessPoolExecutor::new(1).unwrap();
        println!("running");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        let future = executor.submit(WhoAmI).unwrap();
        assert_eq!(
            future.result(),
            Ok(&(running_file(), "program\n".to_owned()))
        );
    }
}

#[cfg(all(target_os = "linux", feature = "processes"))]
fn main() {
    test::main();
}

#[cfg(not(all(target_os = "linux", feature = "processes")))]
fn main() {}
