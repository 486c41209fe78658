//! ERL_DIST_PORT: has a start script do without epmd, for the node and for all of its clients. relx's scripts and
//! ejabberdctl know it, in their later versions.
//! <https://www.erlang.org/doc/apps/erts/erl_cmd.html> (`-erl_epmd_port`)

use crate::error::Failure;
use crate::plan::{Changes, Decision, Pin};
use crate::system::secrets::Text;

/// Sets it. `problem` is that of a script that does not know it, and what to do about it.
///
/// # Errors
/// The script does not know it, or a flag of its own has a port that only the node itself would see.
pub fn set(
    problem: Option<&str>,
    decision: &Decision,
    changes: &mut Changes,
) -> Result<(), Failure> {
    if let Some(problem) = problem {
        return Err(Failure::config(format!(
            "BEAMINIT_EPMD is \"off\", and {problem}, or use auto"
        )));
    }
    match &decision.settings.port {
        Some(Pin::Ours(port)) => {
            changes.set("ERL_DIST_PORT", Text::plain(port.value.to_string()));
        }
        Some(Pin::Given(port)) if decision.own.dist_port.is_none() => {
            return Err(Failure::config(format!(
                "{} has a port without epmd of its own, and the script's own clients would miss it; remove that flag and set ERL_PORT",
                port.by
            )));
        }
        _ => {}
    }
    Ok(())
}
