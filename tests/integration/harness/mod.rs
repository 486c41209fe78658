//! What the tests are written in: a pod that runs the real binary as a real PID 1, the name servers that it asks, and
//! the words to say what should be seen.
//!
//! Nothing here sleeps for a while and hopes: a test waits for a line, a question, a state or an end, each with a deadline
//! that only a failure reaches.

#[cfg(feature = "full")]
mod api;
mod authority;
#[cfg(feature = "full")]
mod capture;
mod directory;
mod dns;
mod inmates;
mod network;
mod pod;
mod process;
mod running;
mod terminal;
mod time;
mod transcript;
mod words;

#[cfg(feature = "full")]
pub use api::{Api, Says};
pub use authority::{Authority, Certificate};
#[cfg(feature = "full")]
pub use capture::{Capture, Stream};
pub use directory::Directory;
pub use dns::{API, Answer, Dns, Kind, Question, RecordType, reverse};
pub use network::Network;
pub use pod::{BEAMINIT, Pod};
pub use process::{Ended, Process, eventually};
pub use running::{Input, Running};
pub use time::{PATIENCE, is_within, stretched};
pub use words::Words;

/// Where `tests/` lies.
pub fn tests() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}
