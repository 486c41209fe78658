//! The environment of the VM on this machine: its flags in ERL_AFLAGS, and files that only this user can read and that are
//! removed when the shell has ended.
//!
//! - A home with the cookie in it: the VM reads `.erlang.cookie` of HOME before all others, and the user may have one. The
//!   rest of it are links to the user's own home, for the scripts that start the VM; the VM itself gets the real HOME back.
//!   So the cookie is in no argument and in no variable.
//! - For a node with a host name: an inetrc, in which that host has the address of the tunnel's near end.
//!   <https://www.erlang.org/doc/apps/erts/inet_cfg.html>
//! - For a node with an address, which the VM looks up in no inetrc: an epmd module that says the same, compiled by the
//!   `erlc` of this machine. <https://www.erlang.org/doc/apps/erts/alt_disco.html>

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;

use super::folder::Folder;
use super::{Abort, Machine, processes};
use crate::beam::FlagVariables;
use crate::beam::PortFlags;
use crate::beam::words::{self, quote};
use crate::dist::Carrier;
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::{Cookie, Host, NodeName};
use crate::plan::resolve::transport;
use crate::system::Environment;
use crate::system::secrets::Text;

const EPMD_MODULE: &str = include_str!("beaminit_attach.erl");

/// A VM of before OTP 26 has two kinds of shell. The one for what it takes for no terminal (TERM, standard output) is always
/// a local one: what is typed there would be run here. The other is a process of this name, which later VMs always have.
const IS_REMOTE: &str = "whereis(user_drv) =:= undefined andalso begin \
    io:format(standard_error, \"beaminit-attach: error: TERM=~ts, and for this Erlang that, or standard output, is no \
    terminal: its shell would be one of this machine; set TERM=xterm, and do not redirect the output~n\", [os:getenv(\"TERM\", [])]), \
    halt(64) end.";

pub struct VmEnv {
    /// All the variables of the command.
    pub variables: Environment,
    _folder: Folder,
}

impl VmEnv {
    /// For a shell on `node`, if `is_remote`, or for any node on this machine that reaches `node` at `near`.
    pub fn create(
        own_name: &NodeName,
        node: &NodeName,
        is_remote: bool,
        near: SocketAddr,
        (cookie, carrier): (&Cookie, &Carrier),
        folder: Folder,
        machine: &Machine,
    ) -> Result<Self, Abort> {
        let config = &machine.config;
        let cookie = folder.write(&["home", ".erlang.cookie"], Text::from(cookie))?;
        let home = cookie.parent().unwrap_or(&cookie);
        let real_home = config.variable("HOME");
        if let Some(real) = real_home {
            link_all(Path::new(real), home);
        }
        let mut variables = config.environment.clone();
        variables.remove("ERLANG_COOKIE");
        variables.remove("RELEASE_COOKIE");
        variables.set("HOME", home);
        variables.set("BEAMINIT_NODE", node.to_string());
        let mut flags = format!(
            "{} {own_name} -dist_listen false -start_epmd false -erl_epmd_port {}",
            own_name.flag(),
            near.port()
        );
        let near_ip = match (&node.host, near.ip()) {
            (Host::Address(IpAddr::V6(_)), IpAddr::V4(v4)) => v4.to_ipv6_mapped().into(),
            (_, near) => near,
        };
        // A VM takes an IPv6 address only where it speaks IPv6.
        let family = if near_ip.is_ipv6() { "inet6" } else { "inet" };
        if let Carrier::Tls(files) = carrier {
            let options = Text::plain(transport::options(files, "'tlsv1.3','tlsv1.2'"));
            let options = folder.write(&["tls.config"], options)?;
            let options = quote(&options.to_string_lossy());
            let _ = write!(
                flags,
                " -proto_dist {family}_tls -ssl_dist_optfile {options}"
            );
        } else if near_ip.is_ipv6() {
            flags += " -proto_dist inet6_tcp";
        }
        match &node.host {
            Host::Address(address) if *address == near_ip => {}
            Host::Address(address) => {
                flags += &epmd_module(*address, (near_ip, near.port()), &folder, machine)?;
            }
            Host::Domain(host) | Host::Short(host) => {
                let address = words::address(near_ip);
                let text =
                    format!("{{host, {address}, [\"{host}\"]}}.\n{{lookup, [file, native]}}.\n");
                let inetrc = folder.write(&["inetrc"], Text::plain(&text))?;
                variables.set("ERL_INETRC", inetrc);
            }
        }
        if is_remote {
            let _ = write!(flags, " -eval {}", quote(IS_REMOTE));
        }
        // For the programs that the VM starts.
        if let Some(real) = real_home {
            let _ = write!(flags, " -env HOME {}", quote(real));
        }
        // The user's own flags are for other nodes: a name, cookie or port among them would replace ours, or contradict it.
        let users = FlagVariables::read(&config.environment, None);
        users.check_text()?;
        for cut in users.cut(PortFlags::All) {
            variables.set(cut.name, cut.rest);
        }
        let users = users.rest_of("ERL_AFLAGS", PortFlags::All);
        let _ = write!(flags, " -env ERL_AFLAGS {} {users}", quote(&users));
        variables.set("ERL_AFLAGS", flags);
        Ok(Self {
            variables,
            _folder: folder,
        })
    }
}

/// Compiles the epmd module for a node with this address; gives the flags that load it.
fn epmd_module(
    address: IpAddr,
    (near, port): (IpAddr, u16),
    folder: &Folder,
    machine: &Machine,
) -> Result<String, Abort> {
    let source = EPMD_MODULE
        .replace("HOST", &address.to_string())
        .replace("ADDRESS", &words::address(near))
        .replace("PORT", &port.to_string());
    let source = folder.write(&["beaminit_attach.erl"], Text::plain(&source))?;
    compile(&source, &folder.path, machine)?;
    let folder = quote(&folder.path.to_string_lossy());
    Ok(format!(" -pa {folder} -epmd_module beaminit_attach"))
}

/// Links to all that is in a folder, except where the name is taken.
fn link_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        let _ = std::os::unix::fs::symlink(entry.path(), to.join(entry.file_name()));
    }
}

fn compile(source: &Path, to: &Path, machine: &Machine) -> Result<(), Abort> {
    let erlc = machine.find(vec!["erlc".into()])?;
    let mut command = Command::new(erlc.file);
    command.arg("-o").arg(to).arg(source);
    match processes::output_of(&mut command, machine)? {
        (status, _) if status.success() => Ok(()),
        (status, text) => {
            let line = format!(
                "erlc failed ({status}), which is needed for a node with an address in its name: {}",
                text.trim()
            );
            Err(Failure::new(Exit::System, line).into())
        }
    }
}
