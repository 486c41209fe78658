//! The cookie as it is given: `ERLANG_COOKIE`, or a mounted file. Whatever is wrong with it, it is not shown.

use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use super::raw::Raw;
use crate::config::{Reading, Setting, secret};
use crate::node::Cookie;
use crate::system::secrets;

/// A mounted file of a cookie is read up to here: far above any cookie, far below any harm.
const COOKIE_FILE_LIMIT: u64 = 64 * 1024;

impl Reading {
    /// For whoever asks for no cookie: what is wrong with it, or that this user may not read it, is not their trouble.
    pub fn without_cookie(mut self) -> Self {
        self.wants_cookie = false;
        self.raw.erlang_cookie = None;
        self.raw.erlang_cookie_file = None;
        self.raw.release_cookie = None;
        self
    }
}

/// Reads it from the variable, or from the file that the other variable names.
pub fn read(raw: &Raw, lines: &mut Vec<String>) -> Option<Setting<Cookie>> {
    let (by, cookie) = match (&raw.erlang_cookie, &raw.erlang_cookie_file) {
        (Some(_), Some(file)) => {
            lines.push(format!(
                "ERLANG_COOKIE and ERLANG_COOKIE_FILE ({:?}) are both set; unset one of them",
                shown(file)
            ));
            return None;
        }
        (Some(text), None) => ("ERLANG_COOKIE", secret("ERLANG_COOKIE", text, lines)),
        (None, Some(file)) => ("ERLANG_COOKIE_FILE", cookie_file(file, lines)),
        (None, None) => return None,
    };
    cookie.map(|value| Setting {
        value,
        by: by.into(),
    })
}

/// Reads that of the release; one that ours beats may be whatever it is.
pub fn of_release(raw: &Raw, lines: &mut Vec<String>) -> Option<Cookie> {
    let is_beaten = raw.erlang_cookie.is_some() || raw.erlang_cookie_file.is_some();
    let text = raw.release_cookie.as_deref().filter(|_| !is_beaten)?;
    secret("RELEASE_COOKIE", text, lines)
}

fn cookie_file(file: &str, lines: &mut Vec<String>) -> Option<Cookie> {
    let text = match read_file(Path::new(file)) {
        Ok(text) => text,
        Err(error) => {
            let hint = if error.kind() == ErrorKind::PermissionDenied {
                "may this user read it?"
            } else {
                "is the Secret mounted there?"
            };
            lines.push(format!(
                "ERLANG_COOKIE_FILE is {:?}, which cannot be read: {error}; {hint}",
                shown(file)
            ));
            return None;
        }
    };
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    secret(
        &format!("ERLANG_COOKIE_FILE is {:?}, and what it holds", shown(file)),
        line,
        lines,
    )
}

/// The file's path, unless it is the cookie itself by mistake.
fn shown(file: &str) -> String {
    secrets::shown_value("ERLANG_COOKIE_FILE", file)
}

/// Reads a file of a cookie, if it is one.
///
/// # Errors
/// It is none, or cannot be read.
pub fn read_file(path: &Path) -> io::Result<String> {
    // Looked at before it is opened: a named pipe would wait for a writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let file = std::fs::File::open(path)?;
    let mut bytes = Vec::new();
    file.take(COOKIE_FILE_LIMIT).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
}
