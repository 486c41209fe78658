//! The look-up that the VM makes of its own OS host name, whatever its node is called: at boot, before anything else.
//!
//! No gate, for the node starts all the same: where /etc/hosts does not have the name and the nameserver drops packets, it
//! starts 8 s later, and nothing says why. So that is found out by the same questions, asked once, and said. inet_config
//! of OTP's kernel makes the look-up where the host name has no domain; resolv.conf(5), hosts(5).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use hickory_resolver::proto::ProtoError;
use hickory_resolver::proto::op::{Message, MessageType, OpCode, Query};
use hickory_resolver::proto::rr::RecordType;
use tracing::warn;

use crate::config::Config;
use crate::dns::Nameserver;
use crate::dns::ask::{absolute, socket_address};
use crate::dns::hosts;

/// A nameserver that drops packets is told by this much silence; another one answers in a few milliseconds.
const SILENCE: Duration = Duration::from_millis(400);
/// The longest answer over UDP.
const LONGEST: usize = 4096;

/// Warns of a boot that will be slow. Costs nothing where /etc/hosts has the name.
pub fn warn_of_slow_lookup(config: &Config, long_name: bool) {
    let conf = &config.pod.resolv_conf;
    let (Some(host), Some(nameserver)) = (&config.pod.hostname, conf.nameservers.first()) else {
        return;
    };
    let has_domain = host.contains('.') || long_name && conf.has_domain;
    // An IPv4 address is what the VM asks for.
    let is_known = || hosts::addresses(host).iter().any(IpAddr::is_ipv4);
    if has_domain || conf.over_tcp || is_known() {
        return;
    }
    let absolute = std::iter::once(host.clone());
    let searched = conf.search.iter().map(|domain| format!("{host}.{domain}"));
    let names: Vec<String> = searched.chain(absolute).collect();
    if is_silent(nameserver, &names) {
        let address = config.addresses().into_iter().find(IpAddr::is_ipv4);
        let address = address.map_or_else(|| "its address".into(), |address| address.to_string());
        warn!(
            "the VM looks its own host name {host} up when it boots, /etc/hosts does not have it, and nameserver {nameserver} does not answer: the boot takes some 8s longer; put {address} {host} into /etc/hosts (hostAliases, extra_hosts), or open port 53"
        );
    }
}

/// Asks for all of the names at once. A port that is closed is an answer, too: nobody waits for it.
fn is_silent(nameserver: &Nameserver, names: &[String]) -> bool {
    let address = socket_address(nameserver);
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let Ok(socket) = UdpSocket::bind(any) else {
        return false;
    };
    if socket.connect(address).is_err() {
        return false;
    }
    let mut waited_for = BTreeSet::new();
    for name in names {
        let id = fastrand::u16(..);
        let Ok(message) = question(id, name) else {
            continue;
        };
        if socket.send(&message).is_err() {
            return false;
        }
        waited_for.insert(id.to_be_bytes());
    }
    let deadline = Instant::now() + SILENCE;
    let mut bytes = [0; LONGEST];
    while !waited_for.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || socket.set_read_timeout(Some(left)).is_err() {
            return true;
        }
        match socket.recv(&mut bytes) {
            Ok(_) => {
                waited_for.retain(|id| !bytes.starts_with(id));
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return true,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
    false
}

/// The question for a name's IPv4 addresses, as the system's resolver asks it.
fn question(id: u16, name: &str) -> Result<Vec<u8>, ProtoError> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(absolute(name), RecordType::A));
    message.to_vec()
}
