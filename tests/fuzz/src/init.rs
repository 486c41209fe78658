//! The room that stays, as far as it reads text.

#[path = "../../../src/init/child.rs"]
mod child;
#[path = "../../../src/init/entry.rs"]
mod entry;
#[path = "../../../src/init/memory.rs"]
mod memory;
#[path = "../../../src/init/orphans.rs"]
pub mod orphans;
#[path = "../../../src/init/rewrite.rs"]
pub mod rewrite;
#[path = "../../../src/init/settings.rs"]
mod settings;
#[path = "../../../src/init/signals.rs"]
mod signals;
#[path = "../../../src/init/terminal.rs"]
mod terminal;

pub use settings::{Complaints, Settings};
