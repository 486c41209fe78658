//! Of init, what reads text.

#[path = "../../../src/init/rewrite.rs"]
pub mod rewrite;
#[path = "../../../src/init/settings.rs"]
mod settings;

pub use settings::Settings;
