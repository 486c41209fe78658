//! The VM looks its own OS host name up at boot, before anything else, whatever its node is called.
//!
//! No gate, because the node starts all the same: where /etc/hosts does not have the name and the nameserver drops packets,
//! it starts 8 s later, and nothing says why. The same questions, asked once, find that out. inet_config of OTP's kernel
//! makes the look-up where the host name has no domain; resolv.conf(5), hosts(5).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, MessageType, OpCode, Query};
use hickory_resolver::proto::rr::RecordType;
use tokio::net::UdpSocket;
use tracing::warn;

use crate::config::Config;
use crate::dns::client::absolute_name;
use crate::dns::{Nameserver, block_on, hosts, within};
use crate::system::random;

/// A nameserver that is silent for this long drops packets; another one answers in a few milliseconds.
const SILENCE: Duration = Duration::from_millis(400);

/// Warns of a boot that will be slow. Costs nothing where /etc/hosts has the name.
pub fn warn_of_slow_lookup(config: &Config, long_name: bool) {
    let conf = &config.pod.resolv_conf;
    let (Some(host), Some(nameserver)) = (&config.pod.hostname, conf.nameservers.first()) else {
        return;
    };
    let has_domain = host.contains('.') || long_name && conf.has_domain;
    // The VM asks for an IPv4 address.
    let is_in_hosts = || hosts::addresses(host).iter().any(IpAddr::is_ipv4);
    if has_domain || conf.over_tcp || is_in_hosts() {
        return;
    }
    let searched = conf.search.iter().map(|domain| format!("{host}.{domain}"));
    let names: Vec<String> = searched.chain([host.clone()]).collect();
    // Any answer will do, an error too: nobody waits for a port that is closed.
    let answered = block_on(within(Some(SILENCE), ask(nameserver, &names)));
    if answered.is_ok_and(|answered| answered.is_none()) {
        let address = config.addresses().into_iter().find(IpAddr::is_ipv4);
        let address = address.map_or_else(|| "its address".into(), |address| address.to_string());
        warn!(
            "the VM looks its own host name {host} up when it boots, /etc/hosts does not have it, and nameserver {nameserver} does not answer: the boot takes some 8s longer; put {address} {host} into /etc/hosts (hostAliases, extra_hosts), or open port 53"
        );
    }
}

/// Asks for the IPv4 addresses of all names at once, as the C library does; returns when all are answered.
async fn ask(nameserver: &Nameserver, names: &[String]) -> io::Result<()> {
    let address = nameserver.socket_address();
    let any: IpAddr = if address.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(address).await?;
    let mut pending = Vec::new();
    for name in names {
        let id = random::below(u16::MAX);
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(absolute_name(name), RecordType::A));
        socket
            .send(&message.to_vec().map_err(io::Error::other)?)
            .await?;
        pending.push(id.to_be_bytes());
    }
    while !pending.is_empty() {
        // The rest of a datagram is dropped: the id is enough.
        let mut id = [0; 2];
        socket.recv(&mut id).await?;
        pending.retain(|one| *one != id);
    }
    Ok(())
}
