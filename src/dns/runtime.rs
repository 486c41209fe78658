//! Runs a few questions on one thread.

use std::time::Duration;

use tokio::time::timeout;

use crate::error::Failure;
use crate::exit::Exit;

/// However close the deadline, an answer gets this long.
const LEAST: Duration = Duration::from_millis(200);

/// Runs on this one thread, which is enough for a handful of questions; nothing of the runtime is left when it is done.
///
/// # Errors
/// There was no file descriptor left.
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                Exit::System,
                format!("cannot prepare to ask DNS: {error}; is the limit of open files too low?"),
            )
        })?;
    Ok(runtime.block_on(work))
}

/// Waits for `work` as long as there is time, so that the silence of a dead nameserver ends at the deadline.
pub async fn within<T>(left: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match left {
        Some(left) => timeout(left.max(LEAST), work).await.ok(),
        None => Some(work.await),
    }
}
