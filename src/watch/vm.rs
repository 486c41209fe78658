//! The VM that a command became, or that is below it, and what its arguments make of it.
//!
//! erlexec flattens ERL_AFLAGS, args files, ERL_FLAGS, ERL_ZFLAGS and the command line into the arguments of beam.smp, in
//! order: /proc/PID/cmdline is what the VM goes by. proc_pid_cmdline(5), proc_pid_comm(5),
//! <https://www.erlang.org/doc/apps/erts/erl_cmd.html>

use nix::unistd::Pid;

use crate::beam::{Flag, FlagSetting, FlagSettings};
use crate::node::Cookie;
use crate::plan::{Pin, resolve::port};
use crate::system::Place;
use crate::system::processes;

/// A VM.
#[derive(Debug)]
pub struct Vm {
    /// Its process.
    pub pid: Pid,
    /// Is it the command itself?
    pub is_command: bool,
    flags: FlagSettings,
}

/// The VMs of a command: itself, or those below it.
pub fn of(command: Pid) -> Vec<Vm> {
    if let Some(flags) = flags(command) {
        return vec![Vm {
            pid: command,
            is_command: true,
            flags,
        }];
    }
    let below = processes::descendants_of(command).unwrap_or_default();
    let below = below
        .into_iter()
        .filter(|process| processes::is_vm(&process.name));
    let vms = below.filter_map(|process| {
        let pid = Pid::from_raw(process.pid);
        Some(Vm {
            pid,
            is_command: false,
            flags: flags(pid)?,
        })
    });
    vms.collect()
}

/// The flags among the arguments of a process, if it is a VM. Its first argument may be a script's own name: relx has it so.
fn flags(process: Pid) -> Option<FlagSettings> {
    let name = processes::read_once(format!("/proc/{process}/comm"))?;
    if !processes::is_vm(String::from_utf8_lossy(&name).trim_end()) {
        return None;
    }
    let line = std::fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&line);
    // In the midst of the exec there are none yet; the last that erlexec adds of its own is this.
    let mut words = text.split_terminator('\0').skip(1);
    let is_whole = words.clone().any(|word| word == "-home");
    is_whole.then(|| FlagSettings::of_arguments(&mut words))
}

impl Vm {
    /// The name that it takes: of several a short one, else the first.
    pub fn name(&self) -> Option<&FlagSetting> {
        let short = self.flags.of(&[Flag::Sname]).next();
        short.or_else(|| self.flags.names().next())
    }

    /// The port or the ports that its own flags say.
    pub fn port(&self) -> Option<Pin> {
        let ports = self.flags.ports();
        let ports = ports.filter(|port| port.place == Place::CommandLine);
        port::of_flags(ports).ok().flatten()
    }

    /// The cookie that it was given, where that is one and certain.
    pub fn cookie(&self) -> Option<Cookie> {
        let mut cookies = self.flags.cookies();
        match (cookies.next(), cookies.next()) {
            (Some(one), None) if one.towards.is_none() => Cookie::parse(&one.text).ok(),
            _ => None,
        }
    }

    /// Does it speak with other nodes in another way than plain TCP?
    pub fn transport(&self) -> Option<&str> {
        let flags = self.flags.of(&[Flag::ProtoDist]);
        let mut names = flags.map(|flag| flag.text.as_str());
        names.find(|name| !matches!(*name, "inet_tcp" | "inet6_tcp"))
    }
}
