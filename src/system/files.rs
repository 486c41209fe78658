//! Files of a release or of the operating system. A byte that is not UTF-8, in a comment for example, does not hide the rest,
//! which is ASCII.

use std::fs;
use std::io::Result;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use nix::errno::Errno;

/// The text of a file, with U+FFFD for bytes that are not UTF-8.
///
/// # Errors
/// The file cannot be read, or is a pipe: what comes through it is there once, for the command.
pub fn text_of(path: impl AsRef<Path>) -> Result<String> {
    if fs::metadata(&path)?.file_type().is_fifo() {
        return Err(Errno::ESPIPE.into());
    }
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
