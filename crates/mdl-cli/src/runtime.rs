//! Waiting for a key store, from code that is not asynchronous.

use std::future::Future;
use std::sync::LazyLock;
use std::{io, thread};

use tokio::runtime::{Builder, Runtime};

use crate::failure::{Failure, Result};

/// One for the whole command, so that connections to a key store live from one signature to the next.
static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
});

/// Runs `future` to its end. It does so on a thread of its own, because the caller may be inside another runtime.
///
/// # Errors
/// Exit code 3 if there are no threads.
pub(crate) fn wait_for<T: Send>(future: impl Future<Output = T> + Send) -> Result<T> {
    let runtime = RUNTIME
        .as_ref()
        .map_err(|error| Failure::outside("no threads").because(error))?;
    thread::scope(|scope| scope.spawn(|| runtime.block_on(future)).join())
        .map_err(|_| Failure::outside("waiting for a key store was broken off"))
}
