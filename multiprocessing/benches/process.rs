//! Measures a round trip through a pipe and the start of a process, beside CPython's `multiprocessing` in the same run if
//! `python3` is installed. The two are measured in turns, so that both meet the same machine.
//!
//! `cargo bench -p multiprocessing-rs --bench process`

#[cfg(unix)]
mod bench {
    use std::error::Error;
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use multiprocessing::{PipeEnd, Process, Registry, pipe, serve, task};
    use portable_task::Bytes;

    const ROUNDS: usize = 11;

    type Outcome<T> = Result<T, Box<dyn Error>>;

    type Measure = fn() -> Outcome<f64>;

    fn echo(pipe: PipeEnd<Bytes>) {
        for bytes in pipe.iter() {
            let answered = bytes.map(|bytes| pipe.send(bytes));
            answered.expect("bytes arrive").expect("bytes are received");
        }
    }

    fn square(n: u64) -> u64 {
        n * n
    }

    task!(Echo = fn echo(pipe: PipeEnd<Bytes>));
    task!(Square = fn square(n: u64) -> u64);

    /// Returns the time of a round trip of this many bytes to another process and back, in µs.
    fn round_trip(bytes: usize, times: u32) -> Outcome<f64> {
        let (here, there) = pipe::<Bytes, Bytes>()?;
        let process = Process::spawn(Echo(there))?;
        let value = Bytes(vec![7; bytes]);
        here.send(value.clone())?;
        here.recv()?;
        let start = Instant::now();
        for _ in 0..times {
            here.send(value.clone())?;
            assert_eq!(here.recv()?.len(), bytes);
        }
        let time = micros(start.elapsed()) / f64::from(times);
        drop(here);
        process.join();
        Ok(time)
    }

    /// Returns the time from starting a process to its value, in µs.
    fn start() -> Outcome<f64> {
        let start = Instant::now();
        let process = Process::spawn(Square(3))?;
        let handle = process.handle().clone();
        assert_eq!(process.into_result(), Ok(9));
        let time = micros(start.elapsed());
        handle.join();
        Ok(time)
    }

    fn micros(time: Duration) -> f64 {
        time.as_secs_f64() * 1e6
    }

    /// A Python process that runs the benchmark named on each input line and replies with microseconds.
    struct Python {
        process: Child,
        answers: BufReader<std::process::ChildStdout>,
    }

    impl Python {
        /// Returns nothing if Python is not installed.
        fn start() -> Option<Self> {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/process.py");
            let mut command = Command::new("python3");
            let piped = command
                .arg(script)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            let mut process = piped.spawn().ok()?;
            let answers = BufReader::new(process.stdout.take()?);
            Some(Self { process, answers })
        }

        fn measure(&mut self, what: &str) -> Outcome<f64> {
            let input = self.process.stdin.as_mut().ok_or("Python has no input")?;
            writeln!(input, "{what}")?;
            let mut answer = String::new();
            self.answers.read_line(&mut answer)?;
            Ok(answer.trim().parse()?)
        }
    }

    fn median(times: &mut [f64]) -> f64 {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }

    pub(super) fn main() -> Outcome<()> {
        serve(Registry::new().with::<Echo>().with::<Square>());

        let mut python = Python::start();
        println!("| µs, median of {ROUNDS} | here | CPython | here / CPython |");
        println!("| --- | --- | --- | --- |");
        let measurements: [(&str, &str, Measure); 4] = [
            ("pipe, 8 bytes there and back", "pipe 8 2000", || {
                round_trip(8, 2000)
            }),
            ("pipe, 64 KiB there and back", "pipe 65536 500", || {
                round_trip(65_536, 500)
            }),
            ("pipe, 1 MiB there and back", "pipe 1048576 50", || {
                round_trip(1 << 20, 50)
            }),
            ("process, from its start to its value", "start", start),
        ];
        for (name, in_python, measure) in measurements {
            let (mut here, mut there, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                here.push(measure()?);
                if let Some(python) = &mut python {
                    there.push(python.measure(in_python)?);
                    ratios.push(here[here.len() - 1] / there[there.len() - 1]);
                }
            }
            let here = median(&mut here);
            if there.is_empty() {
                println!("| {name} | {here:.1} | | |");
            } else {
                let (there, ratio) = (median(&mut there), median(&mut ratios));
                println!("| {name} | {here:.1} | {there:.1} | {ratio:.2} |");
            }
        }
        if let Some(mut python) = python {
            drop(python.process.stdin.take());
            python.process.wait()?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    bench::main()
}

#[cfg(not(unix))]
fn main() {}
