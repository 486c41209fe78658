//! The user's command line, and the launcher that it was found to be.

use std::ffi::OsString;

use super::LauncherCommand;
use crate::cli;
use crate::config::Config;
use crate::error::Failure;
use crate::exit::Exit;
use crate::plan::{Launcher, Role};
use crate::system::program::Command;

pub struct Target {
    pub config: Config,
    pub command: Command,
    pub launcher: Option<Launcher>,
}

impl Target {
    pub fn new(words: Vec<OsString>, config: Config) -> Result<Self, Failure> {
        let name = words.first().cloned().unwrap_or_default();
        let command = Command::find(words, &config.environment);
        let command = command.map_err(|mut failure| {
            let meant = cli::meant(&name).filter(|_| failure.exit == Exit::NotFound);
            if let (Some(meant), Some(line)) = (meant, failure.lines.last_mut()) {
                *line = format!("{line} or did you mean `beaminit {meant}`?");
            }
            failure
        })?;
        let mut found = LauncherCommand::find(&command, config)?;
        let launcher = super::recognise(&mut found)?;
        Ok(Self {
            config: found.config,
            command: found.outer,
            launcher,
        })
    }

    pub fn is(&self, role: Role) -> bool {
        self.launcher.as_ref().is_some_and(|one| one.role == role)
    }

    pub fn could_be_node(&self) -> bool {
        self.launcher.as_ref().is_some_and(|one| one.could_be_node)
    }
}
