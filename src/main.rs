//! The program `beaminit`.
//!
//! There is no `fn main`: the C entry point comes before the start-up of Rust's runtime, which would ignore SIGPIPE.
//! signal(7)
#![no_main]

use std::ffi::{c_char, c_int};

/// The process's entry point.
#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, values: *const *const c_char) -> c_int {
    // SAFETY: these are the C runtime's, untouched.
    unsafe { beaminit::main(count, values) }
}
