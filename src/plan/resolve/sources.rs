//! Where the node's settings come from, in the order in which they win.

use crate::beam::{Flag, FlagSetting, FlagSettings, FlagVariables};
use crate::config::Config;
use crate::error::Failure;
use crate::plan::{Launcher, OwnSettings};

/// The command line, our variables, the variables with Erlang's flags, and what the release says itself.
pub struct Sources<'a> {
    /// Our variables.
    pub config: &'a Config,
    /// How the node is started.
    pub launcher: &'a Launcher,
    /// The command line's flags, and what the release says itself.
    pub own: &'a OwnSettings,
    /// The variables with Erlang's flags.
    pub flag_variables: FlagVariables,
    /// ERL_DIST_PORT as a flag, and theirs.
    pub variables: FlagSettings,
}

impl<'a> Sources<'a> {
    /// Reads the variables with flags, as the release's shell file leaves them.
    ///
    /// # Errors
    /// One that cannot be read.
    pub fn read(config: &'a Config, launcher: &'a Launcher) -> Result<Self, Failure> {
        let own = &launcher.own_settings;
        let flag_variables = FlagVariables::read(&config.environment, own.shell.as_ref());
        if config.asks_for_changes() {
            flag_variables.check_text()?;
        }
        let mut variables = FlagSettings::default();
        variables.extend(own.dist_port.clone());
        variables.extend(flag_variables.flags());
        Ok(Self {
            config,
            launcher,
            own,
            flag_variables,
            variables,
        })
    }

    /// The flags that reach the VM, those of the command line first.
    pub fn flags<'b>(&'b self, flags: &'b [Flag]) -> impl Iterator<Item = &'b FlagSetting> {
        let all = [&self.own.command_line, &self.variables, &self.own.files];
        all.into_iter().flat_map(|settings| settings.of(flags))
    }

    /// Those of them that stay, whatever the Plan says.
    pub fn staying<'b>(&'b self, flags: &'b [Flag]) -> impl Iterator<Item = &'b FlagSetting> {
        self.flags(flags).filter(|flag| flag.stays())
    }

    /// The flags that our variables beat. What a client knows of its node's own files comes last.
    pub fn weaker<'b>(&'b self, flags: &'b [Flag]) -> impl Iterator<Item = &'b FlagSetting> {
        let all = [&self.variables, &self.own.files, &self.own.of_node];
        all.into_iter().flat_map(|settings| settings.of(flags))
    }
}
