//! The cookie of a VM that was given none: in the file that it reads, or made when it found none.
//!
//! <https://www.erlang.org/doc/system/distributed.html#security>

use std::path::Path;

use nix::unistd::Pid;

use crate::config::Config;
use crate::config::cookie::read_file;
use crate::node::Cookie;
use crate::plan::cookie_file;
use crate::record::Record;
use crate::watch::vm::{self, Vm};

/// In the file that beaminit made for this node, or among its VM's arguments.
pub fn of_record(record: &Record) -> Option<Cookie> {
    let of_vm = || {
        let vms = vm::of(Pid::from_raw(record.vm?));
        vms.iter().find_map(Vm::cookie)
    };
    let file = record.cookie_file.as_deref();
    file.and_then(of_file).or_else(of_vm)
}

/// The first that can be read where a VM looks for one.
pub fn of_files(config: &Config) -> Option<Cookie> {
    let places = cookie_file::places(config.path("HOME"), config, None);
    places.iter().find_map(|file| of_file(file))
}

fn of_file(file: &Path) -> Option<Cookie> {
    let text = read_file(file).ok()?;
    Cookie::parse(text.trim_end_matches(['\n', '\r'])).ok()
}
