//! Datagrams that answer none of our questions. hickory drops each, with a warning of its own: here they are counted.

use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// Keeps the messages of libraries out of the log.
pub struct OwnEvents;

impl<S: Subscriber> Layer<S> for OwnEvents {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let (target, level) = (event.metadata().target(), event.metadata().level());
        if *level == Level::WARN && target.starts_with("hickory_net::udp") {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        target.starts_with(env!("CARGO_PKG_NAME"))
    }
}

/// How many there were since the last call.
pub fn take() -> usize {
    DROPPED.swap(0, Ordering::Relaxed)
}
