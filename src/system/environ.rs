//! The environment that this process was started with, as the kernel shows it to others: `/proc/PID/environ` is that very
//! memory, for as long as the process lives. proc_pid_environ(5)
//!
//! Launch removes the secrets from it when it has read them, init when it has forked.

use std::ffi::{CStr, OsStr, OsString};

use nix::libc;
use nix::sys::prctl;

use super::secrets;

// SAFETY: POSIX declares it so, and every C library has it.
unsafe extern "C" {
    /// environ(7)
    static environ: *const *mut libc::c_char;
}

/// Names and values, in their order.
#[derive(Clone, Default)]
pub struct Environment(pub Vec<(OsString, OsString)>);

impl Environment {
    /// Copies that of this process, and removes its secrets there. From now on, until an exec, no debugger may read its
    /// memory, and no core dump contain it. prctl(2)
    pub fn take() -> Self {
        let _ = prctl::set_dumpable(false);
        let environment = std::env::vars_os().collect();
        forget_secrets();
        Self(environment)
    }

    /// A variable's value, in any encoding, if it is not empty.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.0.iter().rev().find(|(other, _)| other == name)?;
        Some(value)
            .filter(|value| !value.is_empty())
            .map(OsString::as_os_str)
    }

    /// A variable's value, where it is UTF-8.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str()
    }

    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let name = name.into();
        self.remove(&name);
        self.0.push((name, value.into()));
    }

    pub fn remove(&mut self, name: impl AsRef<OsStr>) {
        self.0.retain(|(other, _)| other != name.as_ref());
    }
}

impl From<Vec<(OsString, OsString)>> for Environment {
    fn from(pairs: Vec<(OsString, OsString)>) -> Self {
        Self(pairs)
    }
}

/// Empties the variables that hold a cookie. Only for a process of one thread.
pub fn forget_secrets() {
    // SAFETY: the C library set it before main, and nothing changes it here.
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
            // SAFETY: these are the bytes after the `=` of that string, which is in this process's writable memory.
            unsafe { text.add(at).write_bytes(0, length) };
        }
        // SAFETY: the end has not been reached.
        entry = unsafe { entry.add(1) };
    }
}

/// Where the value begins, if it may hold a cookie.
fn secret(entry: &[u8]) -> Option<usize> {
    let at = entry.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (entry.get(..at)?, entry.get(at + 1..)?);
    secrets::is_in_variable(name, value).then_some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_variables_with_a_cookie() {
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
