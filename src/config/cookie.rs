//! The cookie as it is given: `ERLANG_COOKIE`, or a mounted file. What is wrong with it is said without showing it.

use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use super::Setting;
use super::variables::Variables;
use crate::error::Failure;
use crate::node::Cookie;
use crate::system::secrets;

const VARIABLE: &str = "ERLANG_COOKIE";
const FILE: &str = "ERLANG_COOKIE_FILE";
const RELEASE: &str = "RELEASE_COOKIE";

/// A mounted file of a cookie is read up to here: far above any cookie, far below any harm.
const COOKIE_FILE_LIMIT: u64 = 64 * 1024;

/// The user's, and the release's; where the user gives one, the release's is not looked at.
pub fn read(variables: &mut Variables) -> [Option<Setting<Cookie>>; 2] {
    let [text, file, release] = [VARIABLE, FILE, RELEASE].map(|name| variables.text(name));
    let release = release.filter(|_| text.is_none() && file.is_none());
    let release = release.map(|text| Ok(Setting::new(parse(RELEASE, &text)?, RELEASE)));
    let users = of_user(text.as_deref(), file.as_deref());
    let read = [users, release.transpose()].map(|one| variables.failures.take(one).flatten());
    let mut quoted = read.iter().flatten();
    let quoted = quoted.find(|one| is_quoted(one.value.reveal()));
    if let Some(Setting { by: place, .. }) = quoted {
        variables.warnings.push(format!(
            "the cookie of {place} begins and ends with a quote, and these are a part of it: env files of Docker, and Kubernetes, keep them; leave them out, unless all nodes have them"
        ));
    }
    read
}

fn is_quoted(text: &str) -> bool {
    let is_within = |quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    is_within('"') || is_within('\'')
}

/// Reads it from the variable, or from the file that the other variable names.
fn of_user(text: Option<&str>, file: Option<&str>) -> Result<Option<Setting<Cookie>>, Failure> {
    let (by, value) = match (text, file) {
        (Some(_), Some(file)) => {
            return Err(Failure::config(format!(
                "{VARIABLE} and {FILE} ({:?}) are both set; unset one of them",
                secrets::shown_value(FILE, file)
            )));
        }
        (Some(text), None) => (VARIABLE, parse(VARIABLE, text)?),
        (None, Some(file)) => (FILE, of_file(file)?),
        (None, None) => return Ok(None),
    };
    Ok(Some(Setting::new(value, by)))
}

fn parse(place: &str, text: &str) -> Result<Cookie, Failure> {
    Cookie::parse(text)
        .map_err(|reason| Failure::config(format!("{place} cannot be a cookie: {reason}")))
}

fn of_file(file: &str) -> Result<Cookie, Failure> {
    // The path may be the cookie itself by mistake.
    let shown = secrets::shown_value(FILE, file);
    let text = read_file(Path::new(file)).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::PermissionDenied => "may this user read it?",
            _ if !file.starts_with('/') => "write a path that starts with /",
            _ => "is the Secret mounted there?",
        };
        Failure::config(format!(
            "{FILE} is {shown:?}, which cannot be read: {error}; {hint}"
        ))
    })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    parse(&format!("{FILE} is {shown:?}, and what it holds"), line)
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
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(COOKIE_FILE_LIMIT).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
}
