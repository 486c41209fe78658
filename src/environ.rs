//! The environment that this process was started with, as the kernel shows it to others: `/proc/PID/environ` is that very
//! memory, for as long as the process lives. proc_pid_environ(5)
//!
//! Both rooms let go of the secrets in it: launch when it has read them, init when it has forked.

use std::ffi::{CStr, OsString};

use nix::libc;

use crate::secrets;

// SAFETY: POSIX declares it so, and every C library has it.
unsafe extern "C" {
    /// environ(7)
    static environ: *const *mut libc::c_char;
}

/// Reads the environment; its secrets are in the copy alone from then on.
pub fn take() -> Vec<(OsString, OsString)> {
    let environment = std::env::vars_os().collect();
    forget_secrets();
    environment
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
