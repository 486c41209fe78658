//! Files that others wrote: a release's, an operating system's. What is looked for in them is ASCII, whatever else they
//! hold: one byte of a comment that is no UTF-8 makes none of them invisible.

use std::io::Result;
use std::path::Path;

/// The text of a file, with a sign in the place of what is no UTF-8.
///
/// # Errors
/// The file cannot be read.
pub fn text_of(path: impl AsRef<Path>) -> Result<String> {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
