//! How nodes speak with each other: `-proto_dist`, of which the VM takes one. Of two it takes neither, and speaks plain
//! IPv4, also where one of them was for TLS.
//!
//! <https://www.erlang.org/doc/apps/erts/erl_cmd.html#proto_dist>

use crate::beam::{FlagSetting, FlagSettings};
use crate::plan::OwnSettings;
use crate::system::Place;

/// Is it left to us? Complains of two.
pub fn resolve(
    own_settings: &OwnSettings,
    variables: &FlagSettings,
    lines: &mut Vec<String>,
) -> bool {
    let is_heard = |claim: &&FlagSetting<String>| {
        own_settings.elixir || claim.place != Place::Variable("ELIXIR_ERL_OPTIONS".into())
    };
    let variables = variables.proto_dist.iter().filter(is_heard);
    let said = own_settings.command_line.proto_dist.iter();
    let mut said = said.chain(variables).chain(&own_settings.files.proto_dist);
    let first = said.next();
    if let (Some(first), Some(second)) = (first, said.next()) {
        lines.push(format!(
            "{} and {} have a -proto_dist each, and the VM would take neither; leave one",
            first.place, second.place
        ));
    }
    first.is_none()
}
