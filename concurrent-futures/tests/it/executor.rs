//! The trait of all executors, behind every kind of pointer.

use std::error::Error;
use std::sync::Arc;

use concurrent_futures::{
    Executor, ExecutorExt, MapOptions, Shutdown, SubmitError, Task, ThreadPoolExecutor,
};

struct Half(u32);

impl Task for Half {
    type Output = Result<u32, String>;
    const NAME: &'static str = "half";

    fn run(self) -> Self::Output {
        match self.0 % 2 {
            0 => Ok(self.0 / 2),
            _ => Err(format!("{} is odd", self.0)),
        }
    }
}

/// Uses every method of an executor that it owns.
fn use_up(executor: impl Executor<Half>) -> Result<(), Box<dyn Error>> {
    assert_eq!(executor.submit(Half(8))?.result(), Ok(&Ok(4)));
    assert_eq!(executor.try_submit(Half(8))?.result(), Ok(&4));
    let options = MapOptions::new().chunks(2);
    let halves = executor.map_with(options, [2, 4, 6].map(Half))?;
    assert_eq!(halves.fallible().collect::<Result<Vec<_>, _>>()?, [1, 2, 3]);
    executor.shutdown(Shutdown::wait());
    let refused = executor.submit(Half(8));
    assert!(matches!(refused, Err(SubmitError::ShutDown)));
    Ok(())
}

#[test]
fn a_reference_a_box_and_an_arc_are_executors_as_what_they_point_to() {
    let pool = || ThreadPoolExecutor::new(2).unwrap();
    let referred_to = pool();
    use_up(&referred_to).unwrap();
    use_up(Box::new(pool())).unwrap();
    use_up(Arc::new(pool())).unwrap();
    let shared: Arc<dyn Executor<Half>> = Arc::new(pool());
    use_up(shared).unwrap();
    let boxed: Box<dyn Executor<Half>> = Box::new(pool());
    use_up(&boxed).unwrap();
    ThreadPoolExecutor::scope(|executor| use_up(executor)).unwrap();
}
