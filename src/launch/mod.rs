//! The forked child: makes the plan, passes the gates, execs the command.
//!
//! environment ──► Config ──► Candidates ──► Plan ──► gates (dns, port, epmd, tls) ──► exec
//!
//! It runs in init's child, or as the whole of `beaminit exec`; with the exec its memory is gone.

mod above;
mod exec;
mod watcher;

use tracing::{debug, info, warn};

use crate::config::{self, Boot, Config, DnsMode, Invocation, LauncherKind};
use crate::dist::Carrier;
use crate::error::Failure;
use crate::exit::Exit;
use crate::gates::dns::{self, WaitContext, own_host};
use crate::gates::{epmd, port, tls};
use crate::init::StatusSender;
use crate::launchers::Target;
use crate::local_node;
use crate::log;
use crate::naming::{Candidate, Chosen};
use crate::node::NodeName;
use crate::peers::join;
use crate::plan::{Identity, NodeSettings, OwnIdentity, Pin, Plan, Role};
use crate::record::Wait;

/// Launches in init's child; returns the exit status of a start that failed.
#[inline(never)]
pub fn run(mut invocation: Invocation, status: StatusSender) -> i32 {
    above::hand_on_sockets(&mut invocation.environment);
    Wait::Script.begin();
    attempt(invocation, |target| {
        above::warn_of_shell();
        // A BEAM without a name is stopped like a node.
        if target.is(Role::Node) || target.could_be_node() {
            status.is_node();
        }
        let plan = target.pass_gates()?;
        status.starts();
        target.become_command(&plan, Some(status))
    })
}

/// Launches without an init above: `beaminit exec`.
#[inline(never)]
pub fn exec(invocation: Invocation) -> i32 {
    Wait::Script.begin();
    attempt(invocation, |target| {
        let plan = target.pass_gates()?;
        target.become_command(&plan, None)
    })
}

/// Prints the Plan: changes nothing, waits for nothing. Without a command it is that of the beaminit which runs here.
#[inline(never)]
pub fn plan(mut invocation: Invocation) -> i32 {
    if invocation.command.is_empty() {
        let Some(command) = local_node::command() else {
            let line = "no command, and no beaminit runs one here; give the program to run, as in `beaminit plan -- bin/app start`";
            return Failure::usage(line).report();
        };
        invocation.command = command;
    }
    attempt(invocation, |target| {
        let plan = target.plan(None, &[])?;
        crate::cli::print(&plan.to_string())
    })
}

/// Recognises the command and goes on with `next`; reports what fails, and returns the exit status.
fn attempt(invocation: Invocation, next: impl FnOnce(Target) -> Result<(), Failure>) -> i32 {
    let Invocation {
        command,
        environment,
    } = invocation;
    let logging = config::logging(&environment);
    log::start(&logging);
    let config = Config::read(environment, true);
    let target = config.and_then(|config| Target::new(command, config));
    let Err(failure) = target.and_then(next) else {
        return 0;
    };
    let status = failure.log();
    log::leave_reason(&failure.lines, logging.termination_log.as_deref());
    status
}

impl Target {
    fn plan(&self, answer: Option<&Chosen>, peers: &[NodeName]) -> Result<Plan, Failure> {
        let launcher = self.launcher.as_ref();
        Plan::make(&self.config, &self.command, launcher, answer, peers)
    }

    /// Through the gates. The Plan is checked with the first name that the node may have, so that what is wrong fails
    /// before anything is waited for; then it is made with what DNS answers.
    fn pass_gates(&self) -> Result<Plan, Failure> {
        let checked = self.plan(None, &[])?;
        let plan = match &checked.identity {
            Identity::None => checked,
            Identity::Own(own) => {
                self.warn_of_gates(own);
                checked
            }
            Identity::Planned(settings) => {
                self.check_tls(None)?;
                self.resolve(settings)?
            }
        };
        for warning in &plan.changes.warnings {
            warn!("{warning}");
        }
        if let Some(settings) = plan.node_settings() {
            info!("node {} ({})", settings.node.value, settings.node.by);
            if self.is(Role::Node) {
                check_port(settings)?;
                check_name(settings)?;
                self.check_tls(Some(settings))?;
                own_host::warn_of_slow_lookup(&self.config, settings.node.value.is_long());
            }
        }
        for file in &plan.changes.files {
            file.write()?;
        }
        Ok(plan)
    }

    /// The Plan with the answer of DNS, and with the peers that the node waits for.
    fn resolve(&self, checked: &NodeSettings) -> Result<Plan, Failure> {
        let answer = self.ask_dns(checked)?;
        let plan = self.plan(answer.as_ref(), &[])?;
        let job = plan
            .node_settings()
            .and_then(|settings| watcher::job(&self.config, settings));
        match job.filter(|job| job.peers.boot == Boot::Sync) {
            Some(job) => {
                Wait::Peers.begin();
                self.plan(answer.as_ref(), &join::reachable_peers(&job)?)
            }
            None => Ok(plan),
        }
    }

    /// The tls gate, where we have the node speak TLS; with the `settings`, once its name is known. To a client, and of the
    /// user's own options, it only warns.
    fn check_tls(&self, settings: Option<&NodeSettings>) -> Result<(), Failure> {
        let host = settings.map(|settings| &settings.node.value.host);
        if let (Some(tls), Some(launcher)) = (&self.config.tls, &self.launcher) {
            let checked = tls::check(tls, host, launcher, &self.config);
            if self.is(Role::Node) {
                return checked;
            }
            for line in checked.err().into_iter().flat_map(|failure| failure.lines) {
                warn!("{line}");
            }
            return Ok(());
        }
        let carrier = settings.map(|settings| &settings.transport.carrier);
        if let (Some(Carrier::Tls(files)), Some(host)) = (carrier, host) {
            tls::warn_of_users(files, host);
        }
        Ok(())
    }

    /// What the gates would find, where nothing asks for them.
    fn warn_of_gates(&self, own: &OwnIdentity) {
        if !self.is(Role::Node) {
            return;
        }
        if let Some(port) = own.port.as_ref().and_then(Pin::setting)
            && let Err(failure) = port::check(port, own.ipv6, own.bound)
        {
            warn!("{}", failure.lines.join("; "));
        }
        if let (Some(node), Some(port)) = (&own.node, self.config.epmd_port()) {
            epmd::warn_if_taken(&node.value.name, port, own.ipv6);
        }
    }

    /// Becomes the command; comes back only with a failure.
    fn become_command(&self, plan: &Plan, status: Option<StatusSender>) -> Result<(), Failure> {
        self.log_what_starts(plan);
        if tracing::enabled!(tracing::Level::DEBUG) {
            for line in plan.to_string().lines() {
                debug!("{line}");
            }
        }
        if let Some(memory) = status.as_ref().and_then(StatusSender::record)
            && let Some(record) = watcher::record(plan).filter(|_| self.is(Role::Node))
        {
            record.write(memory);
        }
        watcher::start(self, plan, status)?;
        Err(exec::exec(plan, &self.config))
    }

    fn log_what_starts(&self, plan: &Plan) {
        let file = plan.command.file.display();
        let (label, role) = (plan.launcher, plan.role);
        let is_known = self.launcher.is_some() || self.config.launcher == LauncherKind::None;
        let is_tool = matches!(label, "elixir" | "escript" | "iex" | "mix");
        match (&plan.identity, role) {
            // Else a warning has said so.
            _ if !is_known && !Plan::is_in_vain(&self.config) => info!(
                "exec {file} ({label}, so it runs as under any init; if it starts a node, set BEAMINIT_LAUNCHER to its kind)"
            ),
            (Identity::Own(_), Role::Node) => info!(
                "exec {file} ({label}, with its own name, cookie and port; set SNAME, CLUSTER_HOSTNAME, ERLANG_COOKIE or ERL_PORT for those of a cluster)"
            ),
            _ if self.could_be_node() => info!(
                "exec {file} ({label}, no node: SNAME, CLUSTER_HOSTNAME, ERLANG_COOKIE, ERL_PORT or a name among its flags would make it one)"
            ),
            (_, Role::Neither) if is_tool && self.config.asks_for_node().is_some() => info!(
                "exec {file} ({label}, a tool and no node; if it starts one, set BEAMINIT_LAUNCHER=erl)"
            ),
            _ => info!("exec {file} ({label})"),
        }
    }

    /// The dns gate for a node; for a client, one question where the name depends on the answer.
    fn ask_dns(&self, settings: &NodeSettings) -> Result<Option<Chosen>, Failure> {
        if settings.dns == DnsMode::Off {
            return Ok(None);
        }
        let candidates = &settings.candidates;
        let mut context = WaitContext::new(&self.config, candidates, settings.dns);
        if self.is(Role::Node) {
            Wait::Dns.begin();
            return dns::wait(&mut context).map(Some);
        }
        // The node that runs here has chosen already.
        if let Some((record, _)) = local_node::record()
            && candidates.iter().any(|one| one.is(&record.node))
        {
            return Ok(Some(Chosen {
                node: record.node,
                ipv6: record.ipv6,
                address: record.address,
            }));
        }
        let is_reverse = candidates.iter().any(Candidate::is_reverse);
        if candidates.len() < 2 && !is_reverse {
            return Ok(None);
        }
        let answer = dns::once(&context)?;
        if answer.is_none() && is_reverse {
            let line =
                "DNS does not tell the name of this pod's address now; is the node itself running?";
            return Err(Failure::new(Exit::Gate, line));
        }
        Ok(answer)
    }
}

fn check_name(settings: &NodeSettings) -> Result<(), Failure> {
    settings.epmd.port().map_or(Ok(()), |port| {
        epmd::check(&settings.node.value.name, port, settings.ipv6)
    })
}

fn check_port(settings: &NodeSettings) -> Result<(), Failure> {
    let Some(pin) = &settings.port else {
        return Ok(());
    };
    if let Some(port) = pin.setting() {
        port::check(port, settings.ipv6, settings.bound())?;
        info!("{pin} is free");
    } else {
        info!("{pin}: none of them is checked");
    }
    Ok(())
}
