//! The environment that this process was started with, as the kernel shows it to others: `/proc/PID/environ` is that very
//! memory, for as long as the process lives. proc_pid_environ(5)
//!
//! Both rooms let go of the secrets in it: launch when it has read them, init when it has forked.

use std::ffi::{CStr, OsStr, OsString};

use nix::libc;

use super::secrets;

// SAFETY: POSIX declares it so, and every C library has it.
unsafe extern "C" {
    /// environ(7)
    static environ: *const *mut libc::c_char;
}

/// Names and values, in their order.
#[derive(Clone, Default)]
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// That of this process; its secrets are in the copy alone from then on.
    pub fn take() -> Self {
        let environment = std::env::vars_os().collect();
        forget_secrets();
        Self(environment)
    }

    /// All of it.
    pub fn iter(&self) -> std::slice::Iter<'_, (OsString, OsString)> {
        self.0.iter()
    }

    /// A variable's value, whatever bytes it has.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.0.iter().rev().find(|(known, _)| known == name)?;
        Some(value)
            .filter(|value| !value.is_empty())
            .map(OsString::as_os_str)
    }

    /// A variable's value, where it is UTF-8.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str()
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let name = name.into();
        self.remove(&name);
        self.0.push((name, value.into()));
    }

    /// Takes a variable out.
    pub fn remove(&mut self, name: impl AsRef<OsStr>) {
        self.0.retain(|(known, _)| known != name.as_ref());
    }
}

impl From<Vec<(OsString, OsString)>> for Environment {
    fn from(pairs: Vec<(OsString, OsString)>) -> Self {
        Self(pairs)
    }
}

impl<'a> IntoIterator for &'a mut Environment {
    type Item = &'a mut (OsString, OsString);
    type IntoIter = std::slice::IterMut<'a, (OsString, OsString)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

impl<'a> IntoIterator for &'a Environment {
    type Item = &'a (OsString, OsString);
    type IntoIter = std::slice::Iter<'a, (OsString, OsString)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Empties the variables that hold a cookie. Only for a process of one thread.
pub fn forget_secrets() {
    // SAFETY: the C library set it before main, and nobody changes it here.
    let mut entry = unsafe { environ };
    if entry.is_null() {
        return;
    }
    loop {
        // SAFETY: the array ends with a null pointer, which is not passed.
        let text = unsafe { *entry };
        if text.is_null() {
            return;
        }
        // SAFETY: an entry before that pointer is a C string, and no other thread changes it.
        let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
        if let Some(at) = secret(bytes) {
            let length = bytes.len() - at;
            // SAFETY: these are the bytes behind the `=` of that string, which lies in this process's writable memory.
            unsafe { text.add(at).write_bytes(0, length) };
        }
        // SAFETY: the end has not been reached.
        entry = unsafe { entry.add(1) };
    }
}

/// Where the value of a variable begins that may hold a cookie.
fn secret(entry: &[u8]) -> Option<usize> {
    let at = entry.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (entry.get(..at)?, entry.get(at + 1..)?);
    secrets::is_in_variable(name, value).then_some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_variables_hold_a_cookie() {
        for (entry, at) in [
            ("ERLANG_COOKIE=secret", Some(14)),
            ("RELEASE_COOKIE=", Some(15)),
            ("COOKIE=a=b", Some(7)),
            ("ERL_AFLAGS=-setcookie secret", Some(11)),
            ("X=elixir --cookie secret", Some(2)),
            ("ERLANG_COOKIE_FILE=/run/secrets/cookie", None),
            ("HOME=/srv", None),
            ("no assignment", None),
            ("", None),
        ] {
            assert_eq!(secret(entry.as_bytes()), at, "{entry}");
        }
    }
}
