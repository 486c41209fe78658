//! The room that becomes the command. It knows nothing of reaping.
//!
//! environment ──► Config ──► Node ──► Plan ──► gates (dns, port, epmd) ──► exec
//!
//! It runs in init's child, or as the whole of `beaminit exec`; with the exec its memory is gone.

pub mod config;
mod exec;
pub mod failure;
pub mod files;
mod flags;
pub mod gates;
mod launchers;
pub mod log;
pub mod look;
pub mod node;
mod peers;
mod plan;

pub use flags::words::quote;
pub use flags::{FlagVariables, PortFlags};
pub use plan::{Command, PrivateFile, Text};

use std::ffi::OsString;
use std::path::Path;

use tracing::{debug, error, info, warn};

use crate::init::{Complaints, TellInit};
use config::{Config, DnsMode, Environment, LauncherKind, Pod, Reading};
use failure::{Details, Failure};
use gates::dns::{self, Question, own_host};
use gates::epmd;
use launchers::{Launcher, Role};
use node::identity::{self, Chosen, Lookup};
use plan::Plan;

/// What a launch starts from.
pub struct Start {
    /// The words of the command, at least one.
    pub command: Vec<OsString>,
    /// The environment.
    pub environment: Environment,
    /// What init had to complain of in its own settings.
    pub settings: Option<Complaints>,
}

/// Launches in init's child; returns the exit status of a start that failed.
#[inline(never)]
pub fn run(start: Start, tell_init: &TellInit) -> i32 {
    attempt(start, |prepared| {
        if prepared.plan.role == Role::Node {
            tell_init.is_node();
        }
        prepared.go(|| tell_init.starts())
    })
}

/// Launches without an init above: `beaminit exec`.
#[inline(never)]
pub fn exec(start: Start) -> i32 {
    attempt(start, |prepared| prepared.go(|| {}))
}

/// Prints the Plan: changes nothing, waits for nothing.
#[inline(never)]
pub fn plan(start: Start) -> i32 {
    attempt(start, |prepared| {
        match crate::cli::say(&prepared.plan.to_string()) {
            0 => Ok(()),
            _ => Err(Failure::new(
                crate::exit::Exit::System,
                "standard output cannot be written; is it closed?",
            )),
        }
    })
}

/// Prepares and goes on with `next`; reports what fails.
fn attempt(start: Start, next: impl FnOnce(Prepared) -> Result<(), Failure>) -> i32 {
    let mut reading = Reading::new(start.environment, start.settings);
    let logging = reading.logging();
    log::start(&logging);
    match Prepared::new(start.command, reading).and_then(next) {
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

/// Everything up to the gates.
struct Prepared {
    config: Config,
    command: Command,
    launcher: Option<Launcher>,
    plan: Plan,
}

/// A command, and what it was found to be.
struct Recognised {
    config: Config,
    command: Command,
    launcher: Option<Launcher>,
}

impl Recognised {
    fn new(words: Vec<OsString>, reading: Reading) -> Result<Self, Failure> {
        let config = reading.config()?;
        let command = Command::find(words, &config.environment)?;
        let (command, config) = launchers::wrapped::inside(command, config)?;
        let launcher = launchers::recognise(&command, &config)?;
        Ok(Self {
            config,
            command,
            launcher,
        })
    }

    fn is(&self, role: Role) -> bool {
        let mut launcher = self.launcher.iter();
        launcher.any(|launcher| launcher.role == role)
    }
}

impl Prepared {
    fn new(words: Vec<OsString>, reading: Reading) -> Result<Self, Failure> {
        let Recognised {
            mut config,
            command,
            launcher,
        } = Recognised::new(words, reading)?;
        if launcher
            .as_ref()
            .is_some_and(|launcher| launcher.role != Role::Neither)
        {
            config.pod = Pod::look();
        }
        let plan = Plan::make(&config, &command, launcher.as_ref(), None)?;
        Ok(Self {
            config,
            command,
            launcher,
            plan,
        })
    }

    /// Through the gates, and into the command; comes back only with a failure. `starting` is called just before.
    fn go(mut self, starting: impl FnOnce()) -> Result<(), Failure> {
        for warning in &self.plan.recipe.warnings {
            warn!("{warning}");
        }
        let answer = self.ask_dns()?;
        if answer.is_some() {
            self.plan_with(answer.as_ref())?;
        }
        self.say_identity();
        if self.find_at_start()? {
            self.plan_with(answer.as_ref())?;
        }
        if self.plan.role == Role::Node {
            self.check_port()?;
            self.check_name()?;
            if let Some(identity) = &self.plan.identity {
                own_host::warn_of_slow_lookup(&self.config, identity.node.value.is_long());
            }
        }
        for file in &self.plan.recipe.files {
            file.write()?;
        }
        let file = self.plan.command.file.display();
        if self.launcher.is_some() || self.config.launcher == LauncherKind::None {
            info!("exec {file} ({})", self.plan.launcher);
        } else {
            info!(
                "exec {file} (no BEAM known to beaminit: treated as no node; BEAMINIT_LAUNCHER says otherwise)"
            );
        }
        if tracing::enabled!(tracing::Level::DEBUG) {
            for line in self.plan.to_string().lines() {
                debug!("{line}");
            }
        }
        self.join_peers()?;
        starting();
        Err(exec::exec(&self.plan, &self.config))
    }

    fn plan_with(&mut self, answer: Option<&Chosen>) -> Result<(), Failure> {
        self.plan = Plan::make(&self.config, &self.command, self.launcher.as_ref(), answer)?;
        Ok(())
    }

    /// The dns gate for a node; for a client, one question where the name depends on the answer.
    fn ask_dns(&self) -> Result<Option<Chosen>, Failure> {
        let Some(settled) = self
            .plan
            .identity
            .as_ref()
            .filter(|settled| settled.dns != DnsMode::Off)
        else {
            return Ok(None);
        };
        let conf = &self.config.pod.resolv_conf;
        let question = Question {
            candidates: &settled.candidates,
            mode: settled.dns,
            own: self.config.addresses(),
            servers: &conf.nameservers,
            over_tcp: conf.over_tcp,
            limit: self.plan.dns_timeout,
            cluster: identity::look_around(&self.config),
            completed: identity::completes(&self.config),
        };
        if self.plan.role == Role::Node {
            return dns::wait(&question).map(Some);
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

    fn say_identity(&self) {
        if let Some(identity) = &self.plan.identity {
            info!("node {} ({})", identity.node.value, identity.node.by);
        }
    }

    fn check_name(&self) -> Result<(), Failure> {
        let Some(identity) = &self.plan.identity else {
            return Ok(());
        };
        let Some(port) = identity.epmd.port() else {
            return Ok(());
        };
        let place = epmd::Place {
            port,
            ipv6: identity.ipv6,
        };
        epmd::check(&identity.node.value.name, place)
    }

    fn check_port(&self) -> Result<(), Failure> {
        let Some(identity) = &self.plan.identity else {
            return Ok(());
        };
        let Some(pin) = &identity.port else {
            return Ok(());
        };
        if let Some(port) = pin.port() {
            gates::port::check(port, identity.ipv6)?;
            info!("{pin} is free");
        } else {
            info!("{pin}: none of them is checked");
        }
        Ok(())
    }
}
