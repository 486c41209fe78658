//! `erl`: flags in ERL_AFLAGS, which come before those of the command line. The same serves every launcher that hands its
//! environment to one VM.
//!
//! <https://www.erlang.org/doc/apps/erts/erl_cmd.html#environment-variables>

use super::of_one_vm;
use crate::beam::words::{quote, quoted_cookie};
use crate::beam::{Flag, FlagSetting, FlagSettings, Otp};
use crate::config::Config;
use crate::error::Failure;
use crate::plan::{Apply, Changes, Decision, Launcher, OwnSettings, Role};
use crate::system::Place;
use crate::system::program::Command;
use crate::system::random;
use crate::system::secrets::Text;

/// A launcher that hands its environment to one VM.
pub struct OneVm;

pub fn read(command: &Command, config: &Config) -> Launcher {
    let flags = FlagSettings::of_arguments(command.arguments());
    let role = role(&flags, flags.has(&[Flag::Informs]));
    Launcher {
        own_settings: own_settings(flags, Otp::of_erl(Some(command), &config.environment)),
        root: command.root(),
        ..of_one_vm("erl", role, command.name())
    }
}

/// What flags make of a VM. `is_tool`: it does something else and ends.
pub fn role(flags: &FlagSettings, is_tool: bool) -> Role {
    if is_tool {
        Role::Neither
    } else if flags.has(&[Flag::Remsh]) {
        Role::Client
    } else {
        Role::Node
    }
}

/// The flags of a command line: those in the files that it names are not its own.
pub fn own_settings(flags: FlagSettings, otp: Option<Otp>) -> OwnSettings {
    let (command_line, files) = flags.partition(|place| *place == Place::CommandLine);
    OwnSettings {
        command_line,
        files,
        otp,
        ..OwnSettings::default()
    }
}

impl Apply for OneVm {
    fn apply(&self, decision: &Decision, changes: &mut Changes) -> Result<(), Failure> {
        match decision.sources.launcher.role {
            Role::Node => decision.put_first(decision.node_flags(), changes),
            Role::Client => decision.put_first(decision.shell_flags(), changes),
            Role::Neither => Ok(()),
        }
    }
}

/// The flags that give a VM what was decided, beside those that it has already.
impl Decision<'_> {
    pub fn node_flags(&self) -> Text {
        let node = &self.settings.node.value;
        let mut ours = Text::default();
        if !self.own.command_line.has(&Flag::NAMES) {
            ours.push(&format!("{} {node} ", node.flag()));
        }
        ours.push(&self.transport_flags())
            .push(&self.settings.node_flags());
        ours.append(&self.cookie_flags(&node.to_string()));
        ours
    }

    /// The flags of a shell on another node: a name of its own, no pin. Nobody calls it by a name that we made up, so it
    /// does not listen then.
    fn shell_flags(&self) -> Text {
        let node = &self.settings.node.value;
        if self.own.command_line.has(&Flag::NAMES) {
            return self.client_flags("", true, &node.to_string());
        }
        let name = self.client_name();
        let name_flags = format!("{} {name} -hidden ", node.flag());
        self.client_flags(&name_flags, false, &name)
    }

    /// A name for one of several clients of the node.
    pub fn client_name(&self) -> String {
        let number = random::or_pid();
        format!("rem-{number:08x}-{}", self.settings.node.value)
    }

    /// The flags of a client, with the cookie for `name`.
    pub fn client_flags(&self, name_flags: &str, listens: bool, name: &str) -> Text {
        let mut ours = Text::plain(name_flags);
        let says_listen = self.has_dist_listen();
        ours.push(&self.transport_flags())
            .push(&self.settings.client_flags(listens, says_listen));
        ours.append(&self.cookie_flags(name));
        ours
    }

    /// The flags that have a VM speak IPv6 or TLS, where it needs any, with a blank behind them.
    pub fn transport_flags(&self) -> String {
        let flags = self.settings.transport.flags();
        flags.map_or_else(String::new, |flags| format!("{flags} "))
    }

    /// Do the user's own flags say whether the VM listens? Before OTP 24 two `-dist_listen false` are none.
    pub fn has_dist_listen(&self) -> bool {
        let all = [
            &self.own.command_line,
            &self.own.files,
            &self.sources.variables,
        ];
        all.iter().any(|flags| flags.has(&[Flag::DistListen]))
    }

    /// A single `-setcookie C` is the VM's cookie whatever name it takes in the end, and of two it drops both: the cookie of
    /// the name that it should have wins over any number of those. But then it still looks for a cookie file, and dies where
    /// HOME cannot be written, without `-nocookie`; which alone would let in any node without a cookie. A `-setcookie`
    /// with nothing behind it makes the VM drop all the others and read the file.
    ///
    /// A VM from before OTP 24.1 takes one `-setcookie C` alone: where another stays, ours comes in a file.
    pub fn cookie_flags(&self, name: &str) -> Text {
        if self.settings.in_file {
            return Text::plain("-setcookie ");
        }
        let Some(cookie) = &self.settings.cookie else {
            return Text::default();
        };
        let cookie = quoted_cookie(&cookie.value);
        let takes_one = self.settings.takes_one_cookie;
        let mut of_command_line = self.own.command_line.cookies();
        let of_files = self.own.files.cookies();
        let all = of_command_line.clone().chain(of_files);
        let for_all: Vec<_> = all.filter(|flag| flag.towards.is_none()).collect();
        let is_enough = matches!(for_all.as_slice(), [one] if !one.text.is_empty());
        let mut flags = Text::default();
        if for_all.is_empty() {
            flags.push("-setcookie ").append(&cookie).push(" ");
        } else if !takes_one && !is_enough {
            flags.push("-nocookie ");
        }
        if !takes_one && !of_command_line.any(|flag| flag.towards.as_deref() == Some(name)) {
            flags.push(&format!("-setcookie {} ", quote(name)));
            flags.append(&cookie).push(" ");
        }
        flags
    }

    /// Puts flags before what is left of the user's in a variable: into ERL_AFLAGS, whose flags the VM reads first, if no shell
    /// file of the release takes them out again. The user's own are the variable's value in the VM's environment.
    ///
    /// # Errors
    /// There is no other variable for them.
    pub fn put_first(&self, mut ours: Text, changes: &mut Changes) -> Result<(), Failure> {
        const ELIXIRS: &str = "ELIXIR_ERL_OPTIONS";
        self.remove_flags(changes);
        if ours.reveal().is_empty() {
            return Ok(());
        }
        let variables = &self.sources.flag_variables;
        // A mix release hands them to the VM before its own, split at blanks.
        let text = ours.reveal().to_string_lossy();
        let can_be_elixirs = self.own.elixir
            && !text.contains(['\'', '"', '*', '?', '[', '\\'])
            && !variables.stays(ELIXIRS);
        // The VM reads ERL_FLAGS behind the release's own flags, and of two names or ports the first wins.
        let has_name = ["-name ", "-sname "]
            .iter()
            .any(|flag| text.starts_with(flag));
        let mut ports = self.sources.variables.of(&Flag::PORTS);
        let has_port = self.own.files.has(&Flag::PORTS) || ports.any(FlagSetting::stays);
        let can_be_last = !has_name && !has_port && !variables.stays("ERL_FLAGS");
        let name = match &variables.dropped_at {
            None => "ERL_AFLAGS",
            Some(_) if can_be_elixirs => ELIXIRS,
            Some(_) if can_be_last => "ERL_FLAGS",
            Some(place) => {
                return Err(Failure::config(format!(
                    "{place} sets ERL_AFLAGS without what it was before, where beaminit gives the node its name, cookie and port; write ERL_AFLAGS=\"$ERL_AFLAGS …\" there"
                )));
            }
        };
        let users = self.rest_of(name);
        if name != ELIXIRS {
            ours.push(&format!("-env {name} "))
                .append(&users.map(quote));
            if !users.reveal().is_empty() {
                ours.push(" ");
            }
        }
        ours.append(&users);
        changes.set(name, ours);
        Ok(())
    }

    /// What is left of the user's flags in a variable.
    fn rest_of(&self, variable: &str) -> Text {
        let variables = &self.sources.flag_variables;
        let rest = variables.rest_of(variable, self.settings.replaces_port);
        Text::concealing(rest.as_ref())
    }

    /// Removes from the user's variables the flags that contradict the settings.
    pub fn remove_flags(&self, changes: &mut Changes) {
        let variables = &self.sources.flag_variables;
        for cut in variables.cut(self.settings.replaces_port) {
            changes.set(cut.name, Text::concealing(cut.rest.as_ref()));
            let left_out = Text::concealing(cut.left_out.as_ref());
            changes.left_out.push((cut.name.to_owned(), left_out));
        }
    }
}
