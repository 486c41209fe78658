//! What the process that stays keeps in memory: not the code that has run and will not run again.
//!
//! Between everything else and the first wait: the kernel maps a file's pages by the dozen around each one touched, so
//! that a start's work would count as resident for the life of the container. madvise(2)

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use nix::libc;

// SAFETY: both symbols are set by the linker; only their addresses are used.
unsafe extern "C" {
    /// The first byte of the program.
    static __executable_start: u8;
    /// The end of its code.
    static etext: u8;
}

/// Lets go of them, the first time only: what a signal brings back will be needed by the next.
pub fn drop_code_pages_once() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if !DONE.swap(true, Relaxed) {
        drop_code_pages();
    }
}

/// Lets go of the pages of code and constants; those that are needed come back from the page cache.
pub fn drop_code_pages() {
    let start = &raw const __executable_start;
    let length = (&raw const etext as usize).saturating_sub(start as usize);
    // SAFETY: between these two symbols lie only mappings of the program's file that are never written, so that a page
    // dropped is read again as it was. The call may fail, and then the pages stay.
    unsafe { libc::madvise(start.cast_mut().cast(), length, libc::MADV_DONTNEED) };
}
