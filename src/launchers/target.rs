//! A command, looked into and recognised.

use std::ffi::OsString;

use super::wrapped::{self, Inside};
use crate::config::{Config, Reading};
use crate::error::Failure;
use crate::plan::{Launcher, Role};
use crate::system::program::Command;

/// A command, and what it was found to be.
pub struct Target {
    pub config: Config,
    pub command: Command,
    pub launcher: Option<Launcher>,
}

impl Target {
    pub fn new(words: Vec<OsString>, reading: Reading) -> Result<Self, Failure> {
        let config = reading.config()?;
        let command = Command::find(words, &config.environment)?;
        let mut inside = wrapped::inside(command, config)?;
        let launcher = super::recognise(&mut inside)?;
        let Inside {
            command, config, ..
        } = inside;
        Ok(Self {
            config,
            command,
            launcher,
        })
    }

    pub fn is(&self, role: Role) -> bool {
        let mut launcher = self.launcher.iter();
        launcher.any(|launcher| launcher.role == role)
    }

    pub fn could_be_node(&self) -> bool {
        let mut launcher = self.launcher.iter();
        launcher.any(|launcher| launcher.could_be_node)
    }
}
