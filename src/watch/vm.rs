//! The VM that a command became, or that is below it, and its arguments.
//!
//! erlexec flattens ERL_AFLAGS, args files, ERL_FLAGS, ERL_ZFLAGS and the command line into the arguments of beam.smp, in
//! order: /proc/PID/cmdline has the arguments that the VM uses. proc_pid_cmdline(5), proc_pid_comm(5),
//! <https://www.erlang.org/doc/apps/erts/erl_cmd.html>

use std::net::IpAddr;

use nix::unistd::Pid;

use crate::beam::{Flag, FlagSetting, FlagSettings};
use crate::dist::Carrier;
use crate::node::{Cookie, NodeName, Port};
use crate::plan::Pin;
use crate::plan::resolve::{port, transport};
use crate::system::Place;
use crate::system::processes;

#[derive(Debug)]
pub struct Vm {
    pub pid: Pid,
    /// It is the command itself.
    pub is_command: bool,
    flags: FlagSettings,
}

/// The VMs of a command: itself, or those below it.
pub fn of(command: Pid) -> Vec<Vm> {
    let read = |pid, is_command| {
        let flags = flags(pid)?;
        Some(Vm {
            pid,
            is_command,
            flags,
        })
    };
    if let Some(vm) = read(command, true) {
        return vec![vm];
    }
    let mut below = processes::descendants_of(command).unwrap_or_default();
    below.retain(|process| processes::is_vm(&process.name));
    let vms = below.iter().map(|vm| Pid::from_raw(vm.pid));
    vms.filter_map(|vm| read(vm, false)).collect()
}

/// Their process ids.
pub fn pids(vms: &[Vm]) -> Vec<u32> {
    let pids = vms.iter().map(|vm| vm.pid.as_raw().unsigned_abs());
    pids.collect()
}

/// The flags among the arguments of a process, if it is a VM. Its first argument may be a script's own name, as with relx.
fn flags(process: Pid) -> Option<FlagSettings> {
    let name = processes::read_once(format!("/proc/{process}/comm"))?;
    if !processes::is_vm(String::from_utf8_lossy(&name).trim_end()) {
        return None;
    }
    let line = std::fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&line);
    // During the exec there are none yet; this is the last that erlexec adds.
    let mut words = text.split_terminator('\0').skip(1);
    let is_whole = words.clone().any(|word| word == "-home");
    is_whole.then(|| FlagSettings::of_arguments(&mut words))
}

impl Vm {
    /// The name that the VM uses: of several a short one, else the first.
    pub fn name(&self) -> Option<&FlagSetting> {
        let short = self.flags.of(&[Flag::Sname]).next();
        short.or_else(|| self.flags.names().next())
    }

    /// The port or range of its own flags.
    pub fn port(&self) -> Option<Pin> {
        port::of_flags(self.own_ports()).ok().flatten()
    }

    fn own_ports(&self) -> impl Iterator<Item = &FlagSetting> + Clone {
        let ports = self.flags.ports();
        ports.filter(|port| port.place == Place::CommandLine)
    }

    /// A name among its flags that is not this one.
    pub fn other_name(&self, node: &NodeName) -> Option<&FlagSetting> {
        let (whole, part) = (node.to_string(), node.name.to_string());
        let mut names = self.flags.names();
        names.find(|name| name.text != whole && name.text != part)
    }

    /// A port among its own flags that is not this one.
    pub fn other_port(&self, port: Port) -> Option<&FlagSetting> {
        let text = port.to_string();
        let mut ports = self.own_ports();
        ports.find(|port| port.text != text)
    }

    /// Does it take connections, as `-dist_listen false` has it not do?
    pub fn listens(&self) -> bool {
        let mut flags = self.flags.of(&[Flag::DistListen]).peekable();
        flags.peek().is_none() || flags.any(|flag| flag.text != "false")
    }

    /// The address of its flags that it listens at.
    pub fn interface(&self) -> Option<IpAddr> {
        self.flags.of(&[Flag::Interface]).next()?.address()
    }

    /// The cookie of its flags, if there is exactly one for all nodes.
    pub fn cookie(&self) -> Option<Cookie> {
        let mut cookies = self.flags.cookies();
        match (cookies.next(), cookies.next()) {
            (Some(one), None) if one.towards.is_none() => Cookie::parse(&one.text).ok(),
            _ => None,
        }
    }

    pub fn speaks_tls(&self) -> bool {
        let mut flags = self.flags.of(&[Flag::ProtoDist]);
        flags.next().is_some_and(|flag| flag.text.ends_with("_tls"))
    }

    /// What it speaks with other nodes.
    pub fn carrier(&self) -> Carrier {
        let folder = std::fs::read_link(format!("/proc/{}/cwd", self.pid)).unwrap_or_default();
        transport::of_flags(self.flags.of(&transport::FLAGS), &folder)
    }
}
