//! The cookie of a VM that was given none: in the file that it reads, or made when it found none.
//!
//! <https://www.erlang.org/doc/system/distributed.html#security>

use crate::config::Config;
use crate::config::cookie::read_file;
use crate::node::Cookie;
use crate::plan::cookie_file;
use crate::record::Record;
use crate::watch::vm::{self, Vm};

use nix::unistd::Pid;

/// That of the node which is written down: in the file that beaminit made, or among its VM's arguments.
pub fn of_record(record: &Record) -> Option<Cookie> {
    let of_file = || {
        let text = read_file(record.cookie_file.as_ref()?).ok()?;
        Cookie::parse(text.trim_end_matches(['\n', '\r'])).ok()
    };
    let of_vm = || {
        let vms = vm::of(Pid::from_raw(record.vm?));
        vms.iter().find_map(Vm::cookie)
    };
    of_file().or_else(of_vm)
}

/// The first that can be read.
pub fn of_files(config: &Config) -> Option<Cookie> {
    let home = config.path("HOME");
    let mut places = cookie_file::places(home, config, None).into_iter();
    places.find_map(|file| {
        let text = read_file(&file).ok()?;
        Cookie::parse(text.trim_end_matches(['\n', '\r'])).ok()
    })
}
