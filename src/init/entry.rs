//! The first instructions of the process: all signals are blocked before the C library starts.
//!
//! Before the flow begins. What comes to a PID 1 that neither blocks nor handles it, the kernel drops, and the C library
//! takes two thirds of the time from the exec to `main`. So the program is entered here (the linker is told so by
//! `src/build.rs`), one system call is made, and the C library's own entry finds everything as the kernel left it:
//! rt_sigprocmask(2), and the section on process initialisation of <https://gitlab.com/x86-psABIs/x86-64-ABI>.
//!
//! On other processors [`inherited_mask`] blocks them, first thing in `main`.

#[cfg(any(not(target_arch = "x86_64"), test))]
use crate::system::signals::set_mask;
use crate::system::signals::{ALL, Set};

/// The mask that this process was started with; from here on at the latest, every signal is blocked.
pub fn inherited_mask() -> Set {
    #[cfg(all(target_arch = "x86_64", not(test)))]
    return x86_64::INHERITED.load(std::sync::atomic::Ordering::Relaxed);
    #[cfg(any(not(target_arch = "x86_64"), test))]
    return set_mask(ALL);
}

#[cfg(all(target_arch = "x86_64", not(test)))]
mod x86_64 {
    use nix::libc;
    use std::sync::atomic::AtomicU64;

    use super::{ALL, Set};

    pub static INHERITED: AtomicU64 = AtomicU64::new(0);

    // The stack pointer stays as it is, and so does rdx, in which the kernel may hand a function to the C library: that is
    // all that an entry point gets. The system call takes rcx and r11, which hold nothing yet.
    std::arch::global_asm!(
        ".pushsection .text.beaminit_entry, \"ax\", @progbits",
        ".globl beaminit_entry",
        "beaminit_entry:",
        "mov r9, rdx",
        "mov edi, {set}",
        "lea rsi, [rip + {every}]",
        "lea rdx, [rip + {inherited}]",
        "mov r10d, {size}",
        "mov eax, {call}",
        "syscall",
        "mov rdx, r9",
        "jmp _start",
        ".popsection",
        set = const libc::SIG_SETMASK,
        every = sym ALL,
        inherited = sym INHERITED,
        size = const size_of::<Set>(),
        call = const libc::SYS_rt_sigprocmask,
    );
}
