//! A network namespace of a pod's own, with the pod's addresses on `eth0`.
//!
//! The cluster's service addresses (10.96.0.0/16, fd00:96::/64) and the machines behind 203.0.113.0/24 are routed to this
//! same namespace without being addresses of any interface: a name server can be bound there, as seen from the pod it is
//! elsewhere, and no second namespace is needed.

use std::fs::File;
use std::io::Write;
use std::net::{IpAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, setns, unshare};

/// A network namespace. It lives as long as this value, or any process or socket in it.
pub struct Network {
    namespace: File,
}

impl Network {
    /// A network whose `lo` and `eth0` are up, `eth0` with these addresses.
    pub fn with_addresses(addresses: &[IpAddr]) -> Self {
        // Both ends of the pair stay here, so that eth0 has a carrier.
        let mut set_up = String::from(
            "link set lo up\n\
             link add eth0 type veth peer name cable\n\
             link set cable up\n\
             link set eth0 up\n\
             route add local 10.96.0.0/16 dev lo\n\
             route add local 203.0.113.0/24 dev lo\n\
             route add local fd00:96::/64 dev lo\n",
        );
        for address in addresses {
            set_up += &match address {
                IpAddr::V4(v4) => format!("addr add {v4}/24 dev eth0\n"),
                IpAddr::V6(v6) => format!("addr add {v6}/64 dev eth0 nodad\n"),
            };
        }
        let namespace = std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET)
                .expect("a network namespace (are the tests run by root?)");
            // For IPv6 a route alone doesn't let a server bind there.
            std::fs::write("/proc/sys/net/ipv6/ip_nonlocal_bind", "1").expect("IPv6 for servers");
            batch(&set_up);
            File::open("/proc/thread-self/ns/net").expect("a name for the namespace")
        })
        .join()
        .expect("the network is set up");
        Self { namespace }
    }

    /// Changes it by the commands of ip(8), one a line.
    pub fn change(&self, commands: &str) {
        self.inside(|| batch(commands));
    }

    /// Runs something on a thread of its own inside this network: what it binds or starts, is there.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                self.enter();
                work()
            });
            inside.join().expect("the work inside the network is done")
        })
    }

    /// Moves the calling thread, and what it will start, into this network for good.
    pub fn enter(&self) {
        setns(&self.namespace, CloneFlags::CLONE_NEWNET).expect("setns into the network");
    }

    /// Holds a port, as another process in this network would. The standard library sets `SO_REUSEADDR`, like the VM.
    pub fn listen(&self, address: &str) -> TcpListener {
        self.inside(|| TcpListener::bind(address))
            .expect("a free port")
    }

    /// A wire to another network, over which each side reaches this address of the other's.
    pub fn wire(&self, own: &str, other: &Self, others: &str) {
        self.wire_named("wire", own, other, others);
    }

    /// The same between each two of these networks, each with its own address.
    #[cfg(feature = "full")]
    pub fn wire_all(members: &[(&Self, &str)]) {
        use std::sync::atomic::{AtomicU32, Ordering};

        static COUNT: AtomicU32 = AtomicU32::new(0);
        for (place, (network, own)) in members.iter().enumerate() {
            for (other, others) in &members[place + 1..] {
                let name = format!("wire{}", COUNT.fetch_add(1, Ordering::Relaxed));
                network.wire_named(&name, own, other, others);
            }
        }
    }

    fn wire_named(&self, name: &str, own: &str, other: &Self, others: &str) {
        let there = format!(
            "/proc/{}/fd/{}",
            std::process::id(),
            other.namespace.as_raw_fd()
        );
        let ip = |words: String| {
            let status = Command::new("ip").args(words.split(' ')).status();
            assert!(
                status.expect("ip (iproute2) starts").success(),
                "ip {words}"
            );
        };
        // The addresses are not the wire's own, and nobody would answer for those of IPv6.
        let macs = ["02:00:00:00:00:01", "02:00:00:00:00:02"];
        let route = |to: &str, mac: &str| {
            ip(format!("link set {name} up"));
            ip(format!("route add {to} dev {name}"));
            ip(format!("neighbour add {to} lladdr {mac} dev {name}"));
        };
        let [near, far] = macs.map(|mac| format!("{name} address {mac}"));
        let wire = format!("link add {near} type veth peer {far} netns {there}");
        self.inside(|| ip(wire));
        self.inside(|| route(others, macs[1]));
        other.inside(|| route(own, macs[0]));
    }

    /// Another handle on the same namespace.
    pub fn share(&self) -> Self {
        Self {
            namespace: self.namespace.try_clone().expect("a descriptor"),
        }
    }
}

fn batch(commands: &str) {
    let mut ip = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("ip (iproute2) starts");
    let mut input = ip.stdin.take().expect("a pipe to ip");
    input
        .write_all(commands.as_bytes())
        .expect("ip reads its batch");
    drop(input);
    assert!(
        ip.wait().expect("ip ends").success(),
        "ip -batch:\n{commands}"
    );
}
