//! Measures the objects of a manager, from this process and through a second one. Measures CPython's
//! `multiprocessing.Manager` in the same run if `python3` is installed, and Redis over a Unix socket if `redis-server` is.
//!
//! The times vary with what else the machine does, and the last row is the median of the ratios of neighbouring rows.
//!
//! `cargo bench -p multiprocessing-rs --bench manager`

#[cfg(unix)]
mod bench {
    use std::error::Error;
    use std::io::Write;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use multiprocessing::manager::{LockError, Queue};
    use multiprocessing::{Frame, Launcher, Manager, Receiver, Registry, Role, serve};
    use portable_task::{encode_call, task};

    const TURNS: usize = 5;
    const ROUNDS: usize = 5;
    const TIMES: u32 = 2_000;

    type Outcome<T> = Result<T, Box<dyn Error>>;

    /// Sends back what arrives, until that is 0.
    fn echo(requests: Queue<u32>, replies: Queue<u32>) {
        loop {
            let number = requests.get().expect("the manager lives");
            replies.put(number).expect("the manager lives");
            if number == 0 {
                return;
            }
        }
    }

    task!(Echo = fn echo(requests: Queue<u32>, replies: Queue<u32>) -> ());

    /// Puts numbers into a queue.
    fn fill(queue: Queue<u32>, count: u32) {
        for number in 0..count {
            queue.put(number).expect("the manager lives");
        }
    }

    task!(Fill = fn fill(queue: Queue<u32>, count: u32) -> ());

    pub(crate) fn main() -> Outcome<()> {
        serve(Registry::new().with::<Echo>().with::<Fill>());
        println!(
            "| µs | dict set | dict get | list push | lock pair | queue put + get | from a second process | round trip through it |"
        );
        println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
        let mut ratios = Vec::new();
        // By turns, because other programs may run meanwhile.
        for _ in 0..TURNS {
            let here = measure_here()?;
            print_row("this crate", &here);
            if let Some(there) = measure_python()? {
                ratios.push(
                    here.iter()
                        .zip(there)
                        .map(|(here, there)| here / there)
                        .collect(),
                );
            }
        }
        measure_redis()?;
        if ratios.len() == TURNS {
            print_ratios(&ratios);
        }
        Ok(())
    }

    /// Prints the median of each column over all turns.
    fn print_ratios(ratios: &[Vec<f64>]) {
        let columns = 0..ratios[0].len();
        let medians = columns.map(|column| {
            let mut ratios: Vec<f64> = ratios.iter().map(|ratios| ratios[column]).collect();
            ratios.sort_by(f64::total_cmp);
            format!("{:.2}", ratios[TURNS / 2])
        });
        let medians: Vec<String> = medians.collect();
        println!("| this crate / CPython | {} |", medians.join(" | "));
    }

    fn measure_here() -> Outcome<Vec<f64>> {
        let manager = Manager::start()?;
        let dict = manager.dict::<String, u32>()?;
        let list = manager.list::<u32>()?;
        let lock = manager.lock()?;
        let queue = manager.queue::<u32>(None)?;
        let key = "key".to_owned();
        Ok(vec![
            median(|n| {
                dict.insert(&key, n)?;
                Ok(())
            })?,
            median(|_| {
                dict.get(&key)?;
                Ok(())
            })?,
            median(|n| Ok(list.push(n)?))?,
            median(|_| {
                let _guard = lock.lock().or_else(LockError::into_guard)?;
                Ok(())
            })?,
            median(|n| {
                queue.put(n)?;
                queue.get()?;
                Ok(())
            })?,
            from_second_process(&queue)?,
            through_second_process(&manager)?,
        ])
    }

    /// Starts a second process, and lets it run a task.
    fn start_task(
        task: impl portable_task::PortableTask,
    ) -> Outcome<(multiprocessing::Child, std::os::unix::net::UnixStream)> {
        let (child, mut socket) = Launcher::this_program(Role::Worker)?.launch()?;
        let limit = Duration::from_secs(30);
        Receiver::new().receive_announcement(&socket, Role::Worker, limit)?;
        let mut frame = Frame::new();
        encode_call(task, frame.body())?;
        frame.finish(1)?;
        socket.write_all(frame.as_bytes())?;
        Ok((child, socket))
    }

    /// Returns the time per item that a second process puts while this one gets, in µs.
    fn from_second_process(queue: &Queue<u32>) -> Outcome<f64> {
        let count = TIMES * ROUNDS as u32;
        let (child, socket) = start_task(Fill(queue.clone(), count + 1))?;
        queue.get()?;
        let start = Instant::now();
        for _ in 0..count {
            queue.get()?;
        }
        let time = micros(start.elapsed()) / f64::from(count);
        drop(socket);
        child.end();
        Ok(time)
    }

    /// Returns the time for a number to a second process and back, in µs.
    fn through_second_process(manager: &Manager) -> Outcome<f64> {
        let (requests, replies) = (manager.queue(None)?, manager.queue(None)?);
        let (child, socket) = start_task(Echo(requests.clone(), replies.clone()))?;
        let time = median(|n| {
            requests.put(n + 1)?;
            assert_eq!(replies.get()?, n + 1);
            Ok(())
        })?;
        requests.put(0)?;
        replies.get()?;
        drop(socket);
        child.end();
        Ok(time)
    }

    /// Returns the median time of an operation, in µs.
    fn median(mut operation: impl FnMut(u32) -> Outcome<()>) -> Outcome<f64> {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for n in 0..TIMES {
                operation(n)?;
            }
            times.push(micros(start.elapsed()) / f64::from(TIMES));
        }
        times.sort_by(f64::total_cmp);
        Ok(times[ROUNDS / 2])
    }

    fn micros(time: Duration) -> f64 {
        time.as_secs_f64() * 1e6
    }

    fn print_row(name: &str, row: &[f64]) {
        let row: Vec<String> = row.iter().map(|time| format!("{time:.1}")).collect();
        println!("| {name} | {} |", row.join(" | "));
    }

    /// Runs the script of the same name. Prints its row, and returns it.
    fn measure_python() -> Outcome<Option<Vec<f64>>> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/manager.py");
        let mut command = Command::new("python3");
        let output = match command.arg(script).stderr(Stdio::inherit()).output() {
            Ok(output) => output,
            Err(error) => {
                println!("| no CPython: {error} |");
                return Ok(None);
            }
        };
        let row = String::from_utf8(output.stdout)?;
        print!("{row}");
        let cells = row.split('|').filter_map(|cell| cell.trim().parse().ok());
        Ok(output.status.success().then(|| cells.collect()))
    }

    /// A server that is killed when this is dropped.
    struct Redis(Child);

    impl Drop for Redis {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn measure_redis() -> Outcome<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("redis");
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--unixsocket"]);
        command
            .arg(&path)
            .current_dir(&folder)
            .stdout(Stdio::null());
        let _server = match command.spawn() {
            Ok(server) => Redis(server),
            Err(error) => {
                println!("| no Redis: {error} |");
                return Ok(());
            }
        };
        let mut client = connect(&path)?;
        let none = f64::NAN;
        let row = [
            median(|n| client.run(&["HSET", "dict", "key", &n.to_string()]))?,
            median(|_| client.run(&["HGET", "dict", "key"]))?,
            median(|n| client.run(&["RPUSH", "list", &n.to_string()]))?,
            none,
            median(|n| {
                client.run(&["RPUSH", "queue", &n.to_string()])?;
                client.run(&["BLPOP", "queue", "0"])
            })?,
            none,
            none,
        ];
        print_row("Redis over a Unix socket", &row);
        Ok(())
    }

    /// A connection that waits for each reply. The replies to the commands above arrive as a whole.
    struct Client(std::os::unix::net::UnixStream);

    fn connect(path: &Path) -> Outcome<Client> {
        let start = Instant::now();
        loop {
            match std::os::unix::net::UnixStream::connect(path) {
                Ok(socket) => return Ok(Client(socket)),
                Err(error) if start.elapsed() > Duration::from_secs(10) => return Err(error.into()),
                Err(_) => std::thread::yield_now(),
            }
        }
    }

    impl Client {
        fn run(&mut self, words: &[&str]) -> Outcome<()> {
            let mut request = format!("*{}\r\n", words.len());
            for word in words {
                request += &format!("${}\r\n{word}\r\n", word.len());
            }
            self.0.write_all(request.as_bytes())?;
            let mut reply = [0; 512];
            let length = std::io::Read::read(&mut self.0, &mut reply)?;
            let is_good = length > 2 && reply[0] != b'-' && reply[..length].ends_with(b"\r\n");
            is_good
                .then_some(())
                .ok_or_else(|| "an error of Redis".into())
        }
    }
}

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    bench::main()
}

#[cfg(not(unix))]
fn main() {}
