//! What the local VM finds around itself, and no other: its flags in ERL_AFLAGS, and files of this user's alone, which go
//! when the shell has ended.
//!
//! - a home with the cookie in it. The VM reads `.erlang.cookie` of HOME before all others, and the user may well have one;
//!   all else in it are links to what the user's own home has, for whatever starts the VM, and the VM itself gets the real
//!   HOME back. So the cookie is in no argument and in no variable.
//! - for a node that is named by host: an inetrc, by which that host is the near end of the way.
//!   <https://www.erlang.org/doc/apps/erts/inet_cfg.html>
//! - for one that is named by address, which no inetrc is asked about: an epmd module that says the same, compiled by the
//!   `erlc` that is here. <https://www.erlang.org/doc/apps/erts/alt_disco.html>

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;

use super::folder::Folder;
use super::met::Met;
use super::told::Told;
use crate::attach::{Local, Stopped, processes};
use crate::beam::FlagVariables;
use crate::beam::PortFlags;
use crate::beam::words::quote;
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::Host;
use crate::system::Environment;
use crate::system::secrets::Text;

/// An epmd that knows one host.
const MODULE: &str = include_str!("beaminit_attach.erl");

/// A VM of before OTP 26 has two kinds of shell, and the one for what it takes for no terminal (TERM, standard output) is
/// always its own: what is typed there would be run here. The other is a process of this name, which later VMs always have.
const IS_REMOTE: &str = "whereis(user_drv) =:= undefined andalso begin \
    io:format(standard_error, \"beaminit: error: TERM=~ts, and to this Erlang that, or standard output, is no terminal: \
    its shell would be one of this machine; set TERM=xterm, and do not redirect the output~n\", [os:getenv(\"TERM\", [])]), \
    halt(64) end.";

/// The folder and the environment of a local node.
pub struct Surroundings {
    /// The variables that the command gets, all of them.
    pub environment: Environment,
    _folder: Folder,
}

/// Makes them; for a shell that is to be the other node's, or for any local node.
///
/// # Errors
/// A file cannot be written, or the module not be compiled.
pub fn make(
    met: &Met,
    is_remote: bool,
    near: SocketAddr,
    told: &Told,
    local: &Local,
) -> Result<Surroundings, Stopped> {
    let config = &local.config;
    let folder = Folder::make()?;
    let cookie = folder.write(&["home", ".erlang.cookie"], Text::from(&told.cookie))?;
    let home = cookie.parent().unwrap_or(&cookie);
    let real_home = config.variable("HOME");
    if let Some(real) = real_home {
        link_all(Path::new(real), home);
    }
    let mut environment = config.environment.clone();
    environment.remove("ERLANG_COOKIE");
    environment.remove("RELEASE_COOKIE");
    environment.set("HOME", home);
    environment.set("BEAMINIT_NODE", met.node.to_string());
    let mut flags = format!(
        "{} {} -dist_listen false -start_epmd false -erl_epmd_port {}",
        met.own.flag(),
        met.own,
        near.port()
    );
    match &met.node.host {
        Host::Address(address) if *address == near.ip() => {}
        Host::Address(address) => {
            let source = MODULE.replace("HOST", &address.to_string());
            let near_ip = match near.ip() {
                // The VM takes such a name only where it speaks IPv6.
                IpAddr::V4(v4) if address.is_ipv6() => {
                    flags.push_str(" -proto_dist inet6_tcp");
                    v4.to_ipv6_mapped().into()
                }
                other => other,
            };
            let source = source.replace("ADDRESS", &term(near_ip));
            let source = source.replace("PORT", &near.port().to_string());
            let source = folder.write(&["beaminit_attach.erl"], Text::plain(&source))?;
            compile(&source, &folder.path, local)?;
            let folder = quote(&folder.path.to_string_lossy());
            let _ = write!(flags, " -pa {folder} -epmd_module beaminit_attach");
        }
        Host::Domain(host) | Host::Short(host) => {
            let address = term(near.ip());
            let text = format!("{{host, {address}, [\"{host}\"]}}.\n{{lookup, [file, native]}}.\n");
            let inetrc = folder.write(&["inetrc"], Text::plain(&text))?;
            environment.set("ERL_INETRC", inetrc);
        }
    }
    if is_remote {
        let _ = write!(flags, " -eval {}", quote(IS_REMOTE));
    }
    // What the VM starts itself is to be none of this.
    if let Some(real) = real_home {
        let _ = write!(flags, " -env HOME {}", quote(real));
    }
    // The user's own are for nodes of his own: their name, cookie and port would beat these, or be none together with them.
    let users = FlagVariables::read(&config.environment, None)?;
    for (name, rest) in users.cleansed(PortFlags::All) {
        environment.set(name, rest);
    }
    let users = users.rest_of("ERL_AFLAGS", PortFlags::All);
    let _ = write!(flags, " -env ERL_AFLAGS {} {users}", quote(&users));
    environment.set("ERL_AFLAGS", flags);
    Ok(Surroundings {
        environment,
        _folder: folder,
    })
}

/// Links to everything in a folder; what cannot be linked, because there is one of that name, is left out.
fn link_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        let _ = std::os::unix::fs::symlink(entry.path(), to.join(entry.file_name()));
    }
}

fn compile(source: &Path, to: &Path, local: &Local) -> Result<(), Stopped> {
    let erlc = local.find(vec!["erlc".into()])?;
    let mut command = Command::new(erlc.file);
    command.arg("-o").arg(to).arg(source);
    match processes::answer_of(&mut command, local)? {
        (status, _) if status.success() => Ok(()),
        (status, text) => {
            let line = format!(
                "erlc, which is needed for a node that is named by its address, failed ({status}): {}",
                text.trim()
            );
            Err(Failure::new(Exit::System, line).into())
        }
    }
}

/// An address as Erlang writes it.
fn term(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => format!("{{{}}}", v4.octets().map(|byte| byte.to_string()).join(",")),
        IpAddr::V6(v6) => format!(
            "{{{}}}",
            v6.segments().map(|part| part.to_string()).join(",")
        ),
    }
}
