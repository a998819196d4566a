//! A thread of its own for an asynchronous client, so that its connector can block.
//!
//! The caller may be driving a runtime already, and a sink cannot leave its thread. So the client lives on a thread
//! with a runtime of that thread alone: network and decoding share it, nothing wakes another thread for a packet, and
//! only finished batches cross over.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::{ErrorKind, SourceError};

type Job<C> = Box<dyn FnOnce(&Runtime, &mut C) + Send>;

/// A client on its thread. Dropping it closes the client as soon as its current job ends.
pub struct Worker<C> {
    jobs: Sender<Job<C>>,
}

/// The thread is no longer there: the client was idle too long, or a job ended in a fault of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

impl<C: 'static> Worker<C> {
    /// Starts a thread and opens the client on it. The client is closed after `idle` without a job.
    ///
    /// # Errors
    /// What `open` says; [`ErrorKind::Unavailable`] where there is no thread.
    pub fn start(
        idle: Duration,
        open: impl FnOnce(&Runtime) -> Result<C, SourceError> + Send + 'static,
        close: impl FnOnce(&Runtime, C) + Send + 'static,
    ) -> Result<Self, SourceError> {
        let (jobs, inbox) = channel::<Job<C>>();
        let (opened, outcome) = sync_channel(1);
        let body = move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let error = SourceError::new(ErrorKind::Unavailable, NO_THREAD).because(error);
                    return drop(opened.send(Err(error)));
                }
            };
            let mut client = match open(&runtime) {
                Ok(client) => client,
                Err(error) => return drop(opened.send(Err(error))),
            };
            if opened.send(Ok(())).is_err() {
                return close(&runtime, client);
            }
            while let Ok(job) = inbox.recv_timeout(idle) {
                job(&runtime, &mut client);
            }
            drop(inbox);
            close(&runtime, client);
        };
        let thread = std::thread::Builder::new().name("source".to_owned()).spawn(body);
        thread.map_err(|error| SourceError::new(ErrorKind::Unavailable, NO_THREAD).because(error))?;
        outcome.recv().unwrap_or_else(|_| Err(fault()))?;
        Ok(Self { jobs })
    }

    /// Has `job` done and waits for what it gives.
    ///
    /// # Errors
    /// [`Gone`] where the thread is not there any more.
    pub fn ask<T: Send + 'static>(&self, job: impl FnOnce(&Runtime, &mut C) -> T + Send + 'static) -> Result<T, Gone> {
        let (answer, answered) = sync_channel(1);
        let job = move |runtime: &Runtime, client: &mut C| drop(answer.send(job(runtime, client)));
        self.jobs.send(Box::new(job)).map_err(|_| Gone)?;
        answered.recv().map_err(|_| Gone)
    }

    /// Has `job` done while the caller takes what it sends, at most `ahead` items behind. A job sees that nobody
    /// listens any more by an error of `send`, and should end then.
    ///
    /// # Errors
    /// [`Gone`] where the thread is not there any more.
    pub fn stream<T: Send + 'static>(
        &self,
        ahead: usize,
        job: impl FnOnce(&Runtime, &mut C, &SyncSender<T>) + Send + 'static,
    ) -> Result<Receiver<T>, Gone> {
        let (items, taken) = sync_channel(ahead);
        self.jobs.send(Box::new(move |runtime, client| job(runtime, client, &items))).map_err(|_| Gone)?;
        Ok(taken)
    }
}

const NO_THREAD: &str = "there is no thread for the network; try again";

/// A job ended without an answer.
#[must_use]
pub fn fault() -> SourceError {
    SourceError::new(ErrorKind::Internal, "the reading of answers ended in a fault of this program")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn counter(idle: Duration, closed: &Arc<AtomicUsize>) -> Worker<u32> {
        let closed = Arc::clone(closed);
        Worker::start(
            idle,
            |_| Ok(0),
            move |_, _| {
                closed.fetch_add(1, Ordering::SeqCst);
            },
        )
        .unwrap()
    }

    fn wait_for(closed: &AtomicUsize) {
        while closed.load(Ordering::SeqCst) == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn jobs_share_a_client_that_is_closed_at_the_end() {
        let closed = Arc::default();
        let worker = counter(Duration::from_secs(60), &closed);
        let add = |_: &Runtime, count: &mut u32| {
            *count += 1;
            *count
        };
        assert_eq!((worker.ask(add), worker.ask(add)), (Ok(1), Ok(2)));
        let items = worker.stream(1, |_, count, items| (0..*count).for_each(|at| items.send(at).unwrap())).unwrap();
        assert_eq!(items.into_iter().collect::<Vec<u32>>(), [0, 1]);
        drop(worker);
        wait_for(&closed);
    }

    #[test]
    fn an_idle_client_is_closed() {
        let closed = Arc::default();
        let worker = counter(Duration::from_millis(1), &closed);
        wait_for(&closed);
        assert_eq!(worker.ask(|_, count| *count), Err(Gone));
    }

    #[test]
    fn a_job_that_panics_ends_the_thread_and_not_the_program() {
        let worker = counter(Duration::from_secs(60), &Arc::default());
        assert_eq!(worker.ask(|_, _| -> u32 { panic!("on purpose") }), Err(Gone));
    }

    #[test]
    fn a_refusal_to_open_comes_back() {
        let open = |_: &Runtime| Err(SourceError::config("no"));
        let started = Worker::<u32>::start(Duration::from_secs(1), open, |_, _| {});
        assert_eq!(started.err().map(|error| error.to_string()), Some("no".to_owned()));
    }
}
