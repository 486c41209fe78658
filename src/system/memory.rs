//! Frees the memory of code that init will not run again.
//!
//! Before the first wait: the kernel maps a file's pages by the dozen around each one used, so that the code of the start
//! would count as resident for the life of the container. madvise(2)

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use nix::libc;

// SAFETY: both symbols are set by the linker; only their addresses are used.
unsafe extern "C" {
    /// The first byte of the program.
    static __executable_start: u8;
    /// The end of its code.
    static etext: u8;
}

/// The first time only: pages that one signal brings back, the next will need.
pub fn drop_code_pages_once() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if !DONE.swap(true, Relaxed) {
        drop_code_pages();
    }
}

/// Drops the pages of code and constants; those that are needed come back from the page cache.
pub fn drop_code_pages() {
    let start = &raw const __executable_start;
    let length = (&raw const etext as usize).saturating_sub(start as usize);
    // SAFETY: between these two symbols are only mappings of the program's file that are never written, so that a page
    // dropped is read again as it was. The call may fail, and then the pages stay.
    unsafe { libc::madvise(start.cast_mut().cast(), length, libc::MADV_DONTNEED) };
}
