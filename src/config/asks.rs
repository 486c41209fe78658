//! Which variables ask for a node, or for anything else that changes the command.

use super::{BindTo, Config, CookieVia, EpmdMode, HostForm};

impl Config {
    /// The variable that says, on purpose, what the node is called; a name made of mere defaults yields to a release's own.
    pub fn names_node(&self) -> Option<&'static str> {
        self.names().next()
    }

    fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        those_set([
            ("BEAMINIT_NODE", self.node.is_some()),
            ("CLUSTER_HOSTNAME", self.cluster.is_some()),
            ("BEAMINIT_HOST", self.host != HostForm::Auto),
            ("SNAME", self.sname.is_some()),
        ])
    }

    /// The first variable that asks, on purpose, for a node of the cluster. Without one, nothing is changed.
    pub fn asks_for_node(&self) -> Option<&'static str> {
        self.asking_for_node().next()
    }

    fn asking_for_node(&self) -> impl Iterator<Item = &'static str> + use<> {
        // A cookie's counts also where it is not read.
        let is_set = |name| self.variable(name).is_some();
        self.names().chain(those_set([
            ("ERLANG_COOKIE", is_set("ERLANG_COOKIE")),
            ("ERLANG_COOKIE_FILE", is_set("ERLANG_COOKIE_FILE")),
            ("ERL_PORT", self.port.is_some()),
            ("BEAMINIT_PEERS", self.peers.is_some()),
            ("BEAMINIT_TLS", self.tls.is_some()),
            ("BEAMINIT_EPMD", self.epmd == EpmdMode::Off),
            ("BEAMINIT_BIND", self.bind == BindTo::Pod),
        ]))
    }

    /// Those that ask for something that a start can only do by changing the command's own name, cookie or port, or by a
    /// gate.
    pub fn asking_for_changes(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.asking_for_node().chain(those_set([
            ("BEAMINIT_DNS", self.dns.is_some()),
            ("BEAMINIT_COOKIE_VIA", self.cookie_via == CookieVia::File),
        ]))
    }

    pub fn asks_for_changes(&self) -> bool {
        self.asking_for_changes().next().is_some()
    }
}

fn those_set<const N: usize>(
    variables: [(&'static str, bool); N],
) -> impl Iterator<Item = &'static str> {
    let set = variables.into_iter().filter(|(_, is_set)| *is_set);
    set.map(|(name, _)| name)
}
