//! The tasks of these tests, which can run on threads and in processes.

use concurrent_futures::Task;
#[cfg(all(unix, feature = "processes"))]
use concurrent_futures::{ProcessPoolExecutor, Registry, serve};

macro_rules! tasks {
    ($($task:ident($n:ident: $type:ty) -> $output:ty $body:block)*) => {$(
        #[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
        pub(crate) struct $task(pub(crate) $type);

        impl Task for $task {
            type Output = $output;
            const NAME: &'static str = stringify!($task);

            fn run(self) -> $output {
                let Self($n) = self;
                $body
            }
        }
    )*};
}

tasks! {
    Square(n: i64) -> i64 { n * n }
    Half(n: u32) -> Result<u32, String> {
        if n % 2 == 0 { Ok(n / 2) } else { Err(format!("{n} is odd")) }
    }
    Picky(n: i64) -> i64 {
        assert!(n != 5, "not 5");
        n
    }
}

/// Where the workers of these tests run: they are this test program, started again to run this test alone. In an
/// ordinary run it does nothing.
#[cfg(all(unix, feature = "processes"))]
#[test]
fn worker() {
    let registry = Registry::new().with::<Square>();
    serve(registry.with::<Half>().with::<Picky>());
}

#[cfg(all(unix, feature = "processes"))]
pub(crate) fn process_pool() -> ProcessPoolExecutor {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["tasks::worker", "--exact", "--test-threads=1"]);
    command.stdout(std::process::Stdio::null());
    let builder = ProcessPoolExecutor::builder().command(command);
    builder.max_workers(2).build().unwrap()
}
