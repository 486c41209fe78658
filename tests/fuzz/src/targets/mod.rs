//! The targets, and what several of them need.

mod api_answer;
mod command_line;
mod cookie;
mod dist_message;
mod dns_answer;
mod environment;
mod epmd_answer;
mod flags;
mod handshake;
mod names;
mod proc;
mod release;
mod resolv_conf;
mod signals;
mod vm_args;

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use crate::beam::{Flag, FlagSettings};

pub use api_answer::api_answer;
pub use command_line::command_line;
pub use cookie::cookie;
pub use dist_message::dist_message;
pub use dns_answer::dns_answer;
pub use environment::environment;
pub use epmd_answer::epmd_answer;
pub use flags::flags;
pub use handshake::handshake;
pub use names::names;
pub use proc::proc;
pub use release::release;
pub use resolv_conf::resolv_conf;
pub use signals::signals;
pub use vm_args::vm_args;

/// A target: fails by a panic.
pub type Target = fn(&[u8]);

/// All of them, as the folders of the corpus are called.
pub const ALL: [(&str, Target); 15] = [
    ("api_answer", api_answer),
    ("command_line", command_line),
    ("cookie", cookie),
    ("dist_message", dist_message),
    ("dns_answer", dns_answer),
    ("environment", environment),
    ("epmd_answer", epmd_answer),
    ("flags", flags),
    ("handshake", handshake),
    ("names", names),
    ("proc", proc),
    ("release", release),
    ("resolv_conf", resolv_conf),
    ("signals", signals),
    ("vm_args", vm_args),
];

/// What stands for a cookie, and may show nowhere.
const SECRET: &str = "hunter2";

/// As the code itself reads files that may hold anything.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// What the kernel ends with a NUL each: words, or variables.
fn strings(bytes: &[u8]) -> Vec<OsString> {
    let ended = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    ended
        .split(|byte| *byte == 0)
        .map(|bytes| OsString::from_vec(bytes.to_vec()))
        .collect()
}

/// `NAME=VALUE`.
fn assignment(entry: &[u8]) -> Option<(OsString, OsString)> {
    let at = entry.iter().position(|byte| *byte == b'=')?;
    let (name, value) = entry.split_at(at);
    let own = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    Some((own(name), own(value.get(1..)?)))
}

/// A variable, the last of that name, as the command sees it.
fn variable<'a>(environment: &'a [(OsString, OsString)], name: &str) -> Option<&'a str> {
    let (_, value) = environment.iter().rev().find(|(known, _)| known == name)?;
    value.to_str()
}

/// A file in memory, for what takes a path.
struct MemoryFile(File);

impl MemoryFile {
    fn new(bytes: &[u8]) -> Self {
        use nix::sys::memfd::{MFdFlags, memfd_create};
        let mut file = File::from(memfd_create(c"fuzz", MFdFlags::empty()).unwrap());
        file.write_all(bytes).unwrap();
        Self(file)
    }

    fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }
}

/// Does a text itself, not a file that it includes, say a name, a cookie or a pin?
fn says_anything(flags: &FlagSettings) -> bool {
    let pins = flags.of(&[Flag::PortMin, Flag::PortMax]);
    let mut all = flags.names().chain(flags.cookies()).chain(pins);
    all.any(|flag| !flag.stays())
}
