//! The thread of the connection: connects, starts to receive, and sends until the executor ends.

use std::sync::{Arc, mpsc};

use concurrent_futures::TaskError;
use futures_util::StreamExt as _;
use tokio::runtime;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::audit::Audit;
use super::ledger::Ledger;
use super::results::{Results, remove_read};
use super::sender::{Request, Sender, Submission};
use super::settler::{Outcome, Outcomes};
use super::withdrawals::Withdrawals;
use crate::error::ConnectError;
use crate::link::Link;
use crate::names::Names;
use crate::options::NatsOptions;
use crate::pool::Pool;

/// The number of random bytes in the name of an executor. Two with the same name would take each other's results.
const NAME_BYTES: usize = 12;

/// What the thread of the connection needs.
pub(super) struct Driver {
    pub(super) url: String,
    pub(super) names: Names,
    pub(super) options: NatsOptions,
    pub(super) ledger: Arc<Ledger>,
    pub(super) outcomes: Outcomes,
}

/// Settles what is left when the thread ends, also by a panic, and ends the settler.
struct Closing {
    ledger: Arc<Ledger>,
    outcomes: Outcomes,
}

impl Drop for Closing {
    fn drop(&mut self) {
        let reason = "the connection of the executor has ended";
        for (number, entry) in self.ledger.close(reason) {
            let error: TaskError = entry.disconnected(reason);
            let _ = self.outcomes.send(Outcome::Failed(number, entry, error));
        }
        let _ = self.outcomes.send(Outcome::End);
    }
}

impl Driver {
    /// Connects, reports whether that succeeded, and works until the handle asks for the end.
    pub(super) fn run(
        self,
        connected: mpsc::Sender<Result<Arc<str>, ConnectError>>,
        submissions: UnboundedReceiver<Submission>,
        requests: UnboundedReceiver<Request>,
    ) {
        let _closing = Closing {
            ledger: Arc::clone(&self.ledger),
            outcomes: self.outcomes.clone(),
        };
        let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = connected.send(Err(ConnectError::Thread(error)));
                return;
            }
        };
        runtime.block_on(async {
            match self.start().await {
                Ok(sender) => {
                    let _ = connected.send(Ok(Arc::clone(&sender.link.url)));
                    sender.run(submissions, requests).await;
                }
                Err(error) => {
                    let _ = connected.send(Err(error));
                }
            }
        });
        // Looking up the name of a host may take long, and cannot be stopped.
        runtime.shutdown_background();
    }

    /// Connects, and starts to receive.
    async fn start(self) -> Result<Sender, ConnectError> {
        let limit = self.options.connect_timeout;
        let link = Link::connect(&self.url, &self.options).await?;
        let url = Arc::clone(&link.url);
        let started = tokio::time::timeout(limit * 2, self.open(link)).await;
        started.unwrap_or_else(|_| {
            let late = std::io::Error::other(format!("no answer within {:?}", limit * 2));
            Err(ConnectError::jetstream(&url, &late))
        })
    }

    /// Opens the pool, and starts to receive.
    async fn open(self, link: Link) -> Result<Sender, ConnectError> {
        let pool = Pool::open(&link, &self.names, &self.options).await?;
        let executor = random_name()?;
        let failed = |error: &dyn std::error::Error| ConnectError::jetstream(&link.url, error);

        let started = link.client.subscribe(self.names.started(&executor)).await;
        let mut started = started.map_err(|error| failed(&error))?;
        let ledger = Arc::clone(&self.ledger);
        tokio::spawn(async move {
            while let Some(message) = started.next().await {
                let number = std::str::from_utf8(&message.payload).ok();
                if let Some(number) = number.and_then(|number| number.parse().ok()) {
                    ledger.begin(number);
                }
            }
        });

        let unstored = link.client.subscribe(self.names.unstored(&executor)).await;
        let mut unstored = unstored.map_err(|error| failed(&error))?;

        let (sender, ready) = oneshot::channel();
        let results = Results::new(
            link.clone(),
            self.names.clone(),
            executor.clone(),
            pool.clone(),
            Arc::clone(&self.ledger),
            self.outcomes.clone(),
            &self.options,
        );
        let reading = Arc::clone(&results.reading);
        let (noted, ledger) = (Arc::clone(&reading), Arc::clone(&self.ledger));
        tokio::spawn(async move {
            while let Some(message) = unstored.next().await {
                let notice = String::from_utf8_lossy(&message.payload).into_owned();
                let Some((number, reason)) = notice.split_once(' ') else {
                    continue;
                };
                // Of a task that has failed, the worker may still try to store the result.
                match number.parse() {
                    Ok(number) if ledger.is_sent(number) => {
                        noted.note_unstored(number, reason.to_owned());
                    }
                    Ok(_) | Err(_) => {}
                }
            }
        });
        tokio::spawn(results.read(sender));
        let subject = self.names.results(&executor);
        tokio::spawn(remove_read(
            pool.results.clone(),
            subject,
            Arc::clone(&reading),
        ));
        ready.await.map_err(|error| failed(&error))?;
        let withdrawals = Withdrawals::new(
            link.clone(),
            self.names.clone(),
            executor.clone(),
            pool.tasks.clone(),
        );
        let audit = Audit::new(
            link.clone(),
            self.names.clone(),
            self.options.clone(),
            executor.clone(),
            reading,
            pool,
        );
        Ok(Sender {
            link,
            names: self.names,
            executor,
            options: self.options,
            ledger: self.ledger,
            outcomes: self.outcomes,
            withdrawals,
            audit,
            trouble: None,
            refuses: false,
        })
    }
}

/// Returns a name that no other executor has.
fn random_name() -> Result<String, ConnectError> {
    let mut bytes = [0; NAME_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| ConnectError::Random(error.into()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
