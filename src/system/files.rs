//! Files of a release or of the operating system. A byte that is not UTF-8, in a comment for example, does not hide the rest,
//! which is ASCII.

use std::io::Result;
use std::path::Path;

/// The text of a file, with U+FFFD for bytes that are not UTF-8.
///
/// # Errors
/// The file cannot be read.
pub fn text_of(path: impl AsRef<Path>) -> Result<String> {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
