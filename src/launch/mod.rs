//! The room that becomes the command. It knows nothing of reaping.
//!
//! environment ──► Config ──► Node ──► Plan ──► gates (dns, port, epmd) ──► exec
//!
//! It runs in init's child, or as the whole of `beaminit exec`; with the exec its memory is gone.

mod above;
mod exec;
mod watched;

use std::path::Path;

use tracing::{debug, error, info, warn};

use crate::config::peers::Boot;
use crate::config::{Config, DnsMode, Invocation, LauncherKind, Reading};
use crate::error::{Details, Failure};
use crate::gates::dns::{self, Question, own_host};
use crate::gates::{epmd, port};
use crate::init::TellInit;
use crate::launchers::Target;
use crate::local_node;
use crate::log;
use crate::naming::{self, Candidate, Chosen, Lookup};
use crate::node::{NodeName, Port};
use crate::peers::join;
use crate::plan;
use crate::plan::Role;
use crate::plan::{Identity, NodeSettings, OwnIdentity, Plan};

/// Launches in init's child; returns the exit status of a start that failed.
#[inline(never)]
pub fn run(mut start: Invocation, tell_init: TellInit) -> i32 {
    above::hand_on_sockets(&mut start.environment);
    attempt(start, |prepared| {
        above::warn_of_shell();
        // What an init owes a BEAM, it owes one without a name, too.
        if prepared.is(Role::Node) || prepared.could_be_node() {
            tell_init.is_node();
        }
        let plan = prepared.pass_gates()?;
        tell_init.starts();
        prepared.become_command(&plan, Some(tell_init))
    })
}

/// Launches without an init above: `beaminit exec`.
#[inline(never)]
pub fn exec(start: Invocation) -> i32 {
    attempt(start, |prepared| {
        let plan = prepared.pass_gates()?;
        prepared.become_command(&plan, None)
    })
}

/// Prints the Plan: changes nothing, waits for nothing.
#[inline(never)]
pub fn plan(start: Invocation) -> i32 {
    attempt(start, |prepared| {
        let plan = prepared.plan(None, &[])?;
        match crate::cli::say(&plan.to_string()) {
            0 => Ok(()),
            _ => Err(Failure::new(
                crate::exit::Exit::System,
                "standard output cannot be written; is it closed?",
            )),
        }
    })
}

/// Prepares and goes on with `next`; reports what fails.
fn attempt(start: Invocation, next: impl FnOnce(Target) -> Result<(), Failure>) -> i32 {
    let mut reading = Reading::new(start.environment, start.settings);
    let logging = reading.logging();
    log::start(&logging);
    match Target::new(start.command, reading).and_then(next) {
        Ok(()) => 0,
        Err(failure) => report(&failure, logging.termination_log.as_deref()),
    }
}

fn report(failure: &Failure, termination_log: Option<&Path>) -> i32 {
    for line in &failure.lines {
        if let Some(Details {
            names,
            addresses,
            answers,
            cause,
        }) = failure.details.as_deref()
        {
            error!(names, addresses, answers, cause, "{line}");
        } else {
            error!("{line}");
        }
    }
    log::leave_reason(&failure.lines, termination_log);
    failure.exit.status()
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
            Identity::Planned(settled) => self.resolve(settled)?,
        };
        for warning in &plan.changes.warnings {
            warn!("{warning}");
        }
        if let Some(settled) = plan.node_settings() {
            info!("node {} ({})", settled.node.value, settled.node.by);
            if self.is(Role::Node) {
                check_port(settled)?;
                check_name(settled)?;
                own_host::warn_of_slow_lookup(&self.config, settled.node.value.is_long());
            }
        }
        for file in &plan.changes.files {
            file.write()?;
        }
        Ok(plan)
    }

    /// The Plan with the answer of DNS, and with the peers that the node is to be told of.
    fn resolve(&self, checked: &NodeSettings) -> Result<Plan, Failure> {
        let answer = self.ask_dns(checked)?;
        let plan = self.plan(answer.as_ref(), &[])?;
        let found = match plan
            .node_settings()
            .and_then(|settled| settled.peers.as_ref())
        {
            Some(peers) if peers.boot == Boot::Sync => self.find_peers(&plan)?,
            _ => return Ok(plan),
        };
        self.plan(answer.as_ref(), &found)
    }

    fn find_peers(&self, plan: &Plan) -> Result<Vec<NodeName>, Failure> {
        let settled = plan.node_settings();
        let job = settled.and_then(|settled| watched::job(&self.config, settled));
        job.map_or(Ok(Vec::new()), |job| join::answering(&job))
    }

    /// What the gates would find, where nothing asks for them.
    fn warn_of_gates(&self, own: &OwnIdentity) {
        if !self.is(Role::Node) {
            return;
        }
        let ipv6 = self.config.has_ipv6_alone();
        if let Some(number) = own.port.as_ref().and_then(plan::Pin::port)
            && let Err(failure) = port::check(number, ipv6)
        {
            warn!("{}", failure.lines.join("; "));
        }
        let given = self.config.variable("ERL_EPMD_PORT");
        let at = given.map_or(Ok(Port::EPMD), Port::parse);
        if let (Some(node), Ok(port)) = (&own.node, at) {
            epmd::warn_if_taken(&node.value.name, epmd::Place { port, ipv6 });
        }
    }

    /// Becomes the command; comes back only with a failure.
    fn become_command(&self, plan: &Plan, tell_init: Option<TellInit>) -> Result<(), Failure> {
        self.say_what_starts(plan);
        if tracing::enabled!(tracing::Level::DEBUG) {
            for line in plan.to_string().lines() {
                debug!("{line}");
            }
        }
        if let Some(memory) = tell_init.as_ref().and_then(TellInit::record)
            && let Some(record) = watched::record(plan).filter(|_| self.is(Role::Node))
        {
            record.write(memory);
        }
        watched::start(self, plan, tell_init)?;
        Err(exec::exec(plan, &self.config))
    }

    fn say_what_starts(&self, plan: &Plan) {
        let file = plan.command.file.display();
        let (label, role) = (plan.launcher, plan.role);
        let is_known = self.launcher.is_some() || self.config.launcher == LauncherKind::None;
        match (&plan.identity, role) {
            _ if !is_known => info!(
                "exec {file} (no BEAM known to beaminit: treated as no node; BEAMINIT_LAUNCHER says otherwise)"
            ),
            (Identity::Own(_), Role::Node) => info!(
                "exec {file} ({label}, with its own name, cookie and port; set SNAME, CLUSTER_HOSTNAME, ERLANG_COOKIE or ERL_PORT for those of a cluster)"
            ),
            _ if self.could_be_node() => info!(
                "exec {file} ({label}, no node: SNAME, CLUSTER_HOSTNAME, ERLANG_COOKIE, ERL_PORT or a name among its flags would make it one)"
            ),
            _ => info!("exec {file} ({label})"),
        }
    }

    /// The dns gate for a node; for a client, one question where the name depends on the answer.
    fn ask_dns(&self, settled: &NodeSettings) -> Result<Option<Chosen>, Failure> {
        if settled.dns == DnsMode::Off {
            return Ok(None);
        }
        let question = question(&self.config, &settled.candidates, settled.dns);
        if self.is(Role::Node) {
            return dns::wait(&question).map(Some);
        }
        // The node that runs here has chosen already.
        let is_it = |node: &NodeName| {
            settled.candidates.iter().any(|one| match one.lookup {
                Lookup::Reverse(_) => node.name == one.node.name,
                _ => one.node == *node,
            })
        };
        if let Some(record) = local_node::record().filter(|record| is_it(&record.node)) {
            return Ok(Some(Chosen {
                node: record.node,
                ipv6: record.ipv6,
            }));
        }
        let reverse = settled
            .candidates
            .iter()
            .any(|one| matches!(one.lookup, Lookup::Reverse(_)));
        if settled.candidates.len() < 2 && !reverse {
            return Ok(None);
        }
        let answer = dns::once(&question)?;
        if answer.is_none() && reverse {
            let line =
                "DNS does not tell the name of this pod's address now; is the node itself running?";
            return Err(Failure::new(crate::exit::Exit::Gate, line));
        }
        Ok(answer)
    }
}

/// What DNS is asked.
fn question<'a>(config: &'a Config, candidates: &'a [Candidate], mode: DnsMode) -> Question<'a> {
    let conf = &config.pod.resolv_conf;
    Question {
        candidates,
        mode,
        own: config.addresses(),
        servers: &conf.nameservers,
        over_tcp: conf.over_tcp,
        limit: config.dns_timeout,
        cluster: naming::look_around(config),
        completed: naming::completes(config),
    }
}

fn check_name(settled: &NodeSettings) -> Result<(), Failure> {
    let Some(port) = settled.epmd.port() else {
        return Ok(());
    };
    let place = epmd::Place {
        port,
        ipv6: settled.ipv6,
    };
    epmd::check(&settled.node.value.name, place)
}

fn check_port(settled: &NodeSettings) -> Result<(), Failure> {
    let Some(pin) = &settled.port else {
        return Ok(());
    };
    if let Some(port) = pin.port() {
        port::check(port, settled.ipv6)?;
        info!("{pin} is free");
    } else {
        info!("{pin}: none of them is checked");
    }
    Ok(())
}
