//! The thread of the connection: connects, starts to receive, and sends until the executor ends.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, mpsc};

use futures_util::StreamExt as _;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::ledger::Ledger;
use super::results::{Results, remove_read};
use super::sender::{Request, Sender, Submission};
use super::settler::Outcomes;
use crate::error::ConnectError;
use crate::link::Link;
use crate::names::Names;
use crate::options::NatsOptions;
use crate::pool::Pool;

/// What the thread of the connection needs.
pub(super) struct Driver {
    pub(super) url: String,
    pub(super) names: Names,
    pub(super) options: NatsOptions,
    pub(super) ledger: Arc<Ledger>,
    pub(super) outcomes: Outcomes,
}

impl Driver {
    /// Connects, reports whether that succeeded, and works until the handle asks for the end.
    pub(super) async fn run(
        self,
        connected: mpsc::Sender<Result<Arc<str>, ConnectError>>,
        submissions: UnboundedReceiver<Submission>,
        requests: UnboundedReceiver<Request>,
    ) {
        match self.start().await {
            Ok(sender) => {
                let _ = connected.send(Ok(Arc::clone(&sender.link.url)));
                sender.run(submissions, requests).await;
            }
            Err(error) => {
                let _ = connected.send(Err(error));
            }
        }
    }

    /// Connects, and starts to receive.
    async fn start(self) -> Result<Sender, ConnectError> {
        let link = Link::connect(&self.url, &self.options).await?;
        let pool = Pool::open(&link, &self.names, &self.options).await?;
        let executor = format!("{:016x}", fastrand::u64(..));
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

        let last = Arc::new(AtomicU64::new(0));
        let (sender, ready) = oneshot::channel();
        let results = Results {
            link: link.clone(),
            names: self.names.clone(),
            executor: executor.clone(),
            pool: pool.clone(),
            outcomes: self.outcomes.clone(),
            ledger: Arc::clone(&self.ledger),
            last: Arc::clone(&last),
            limit: self.options.max_bytes,
            patience: self.options.unreachable_after,
            fetches: Results::fetches(),
        };
        tokio::spawn(results.read(sender));
        let subject = self.names.results(&executor);
        tokio::spawn(remove_read(pool.results.clone(), subject, last));
        let ready = tokio::time::timeout(self.options.connect_timeout, ready).await;
        ready
            .map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))?;
        Ok(Sender {
            link,
            names: self.names,
            executor,
            options: self.options,
            pool,
            ledger: self.ledger,
            outcomes: self.outcomes,
            withdrawn: Default::default(),
            removals: Sender::removals(),
        })
    }
}
