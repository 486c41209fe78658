//! The room of `init`: PID 1 forwards signals, reaps everything, and ends as its command did.

mod exit_status;
mod first_breath;
mod reaping;
mod signals;
mod stopping;
