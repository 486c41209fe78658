//! Frees the memory of code and constants that init will not use again.
//!
//! Before the first wait: the kernel maps a file's pages by the dozen around each one used, so that those of the start would
//! count as resident for the life of the container. madvise(2), elf(5)

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use nix::libc::{self, Elf64_Ehdr, Elf64_Phdr};

// SAFETY: the linker sets the symbol to the header of the program, which the kernel has mapped.
unsafe extern "C" {
    static __ehdr_start: Elf64_Ehdr;
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
    let header = &raw const __ehdr_start;
    let size = |size: u64| usize::try_from(size).unwrap_or(0);
    // SAFETY: a program's own header tells where its segments are listed, in the same mapping.
    let segments = unsafe {
        let table = header
            .byte_add(size((*header).e_phoff))
            .cast::<Elf64_Phdr>();
        std::slice::from_raw_parts(table, usize::from((*header).e_phnum))
    };
    let loaded = segments.iter().filter(|one| one.p_type == libc::PT_LOAD);
    // The first has the header, and those that are written come last. The kernel maps whole pages.
    let first = loaded.clone().next().map_or(0, |one| one.p_vaddr);
    let mut written = loaded.filter(|one| one.p_flags & libc::PF_W != 0);
    let end = written
        .next()
        .map_or(first, |one| one.p_vaddr - one.p_vaddr % one.p_align.max(1));
    let length = size(end.saturating_sub(first));
    // SAFETY: there are only parts of the program's file that are never written, so that a page dropped is read again as it
    // was. The call may fail, and then the pages stay.
    unsafe { libc::madvise(header.cast_mut().cast(), length, libc::MADV_DONTNEED) };
}
