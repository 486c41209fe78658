//! The other nodes of the cluster: who they are (`beaminit peers`), and the process that joins this node with them.
//!
//! BEAMINIT_PEERS ──► [`find`] (DNS, a list, the Kubernetes API) ──► [`names`] ──► peers
//!
//! Erlang's own way is code in the application that calls `net_adm:world_list/1` or `net_kernel:connect_node/1`:
//! <https://www.erlang.org/doc/apps/kernel/net_adm.html>

mod dns;
mod find;
#[cfg(feature = "kubernetes")]
mod kubernetes;
mod names;

use crate::launch::Start;

/// Lists the peers; returns the exit status.
pub fn run(start: Start) -> i32 {
    let _ = start;
    0
}
