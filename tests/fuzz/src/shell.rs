//! Stands in for the shell, which is asked nothing: what a fuzzer makes of a file must never run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

#[allow(dead_code)]
#[path = "../../../src/system/shell.rs"]
mod real;
pub use real::{ShellAnswer, interpreter, up_to_source};

#[allow(dead_code)]
pub struct ShellQuery<'a> {
    pub file: PathBuf,
    pub interpreter: Vec<OsString>,
    pub text: String,
    pub script: &'a Path,
    pub arguments: &'a [OsString],
    pub environment: &'a crate::system::Environment,
}

impl ShellQuery<'_> {
    #[allow(clippy::unused_self)]
    pub fn ask(self, _wanted: &[&str]) -> Option<ShellAnswer> {
        None
    }
}
