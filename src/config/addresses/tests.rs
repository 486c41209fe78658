//! The choice as tables.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
use super::*;

/// `eth0=10.1.2.3`; a bridge's has `~` in front, and a dummy's `-`; behind a `+` is one that /etc/hosts has.
fn address(word: &str) -> InterfaceAddress {
    let kind = match word.as_bytes()[0] {
        b'~' => Kind::Bridge,
        b'-' => Kind::Dummy,
        _ => Kind::Plain,
    };
    let (name, address) = word
        .trim_start_matches(['~', '-', '+'])
        .split_once('=')
        .unwrap();
    InterfaceAddress {
        interface: name.into(),
        address: address.parse().unwrap(),
        kind,
    }
}

/// What is found, the interface of the default route, what the user says, and the order.
const ORDERS: &str = "
  # Two networks of Docker's; Swarm's default route leads through docker_gwbridge; further networks in Kubernetes.
  eth1=10.9.0.4 eth0=10.1.2.3 | eth1 | | 10.1.2.3 10.9.0.4
  eth2=172.18.0.3 eth0=10.0.1.5 eth1=10.0.0.9 | eth2 | | 10.0.1.5 172.18.0.3 10.0.0.9
  net1=10.9.0.4 eth0=10.1.2.3 | net1 | | 10.1.2.3 10.9.0.4
  # What /etc/hosts has: both networks of Docker's; Swarm's overlay and not the address of a published port; one family.
  +eth1=10.9.0.4 +eth0=10.1.2.3 | eth1 | | 10.1.2.3 10.9.0.4
  eth2=172.18.0.3 eth0=10.0.0.9 +eth1=10.0.1.5 | eth2 | | 10.0.1.5 10.0.0.9 172.18.0.3
  eth0=10.0.0.9 +eth1=10.0.1.5 | eth2 | eth0 | 10.0.0.9 10.0.1.5
  eth0=10.1.2.3 +eth0=fd00::3 eth1=10.9.0.4 | | | 10.1.2.3 fd00::3 10.9.0.4
  # A host's network.
  ~docker0=172.17.0.1 ens4=10.2.0.2 ens3=192.168.1.5 | ens4 | | 10.2.0.2 192.168.1.5 172.17.0.1
  wg0=10.8.0.1 ens3=192.168.1.5 | | | 192.168.1.5 10.8.0.1
  ~br0=192.168.1.5 tun0=10.8.0.1 ~br1=10.3.0.1 | br0 | | 10.8.0.1 192.168.1.5 10.3.0.1
  ~docker0=172.17.0.1 ~vmbr0=192.168.1.5 | vmbr0 | | 192.168.1.5 172.17.0.1
  # Services on a dummy interface; hosts that have no other; ipvlan, which looks like one.
  -kube-ipvs0=10.96.0.1 -kube-ipvs0=10.96.0.10 ens3=192.168.1.5 | | | 192.168.1.5
  -lo=10.7.7.7 ~br0=192.168.1.5 | br0 | | 192.168.1.5
  -lo=10.7.7.7 | | | 10.7.7.7
  net1=10.9.0.4 -eth0=10.1.2.3 | | | 10.1.2.3 10.9.0.4
  net1=10.9.0.4 -ipvl0=10.1.2.3 | ipvl0 | | 10.1.2.3 10.9.0.4
  # Families; of one family on one interface the kernel's first.
  eth0=fd00::3 eth0=10.1.2.3 eth1=10.9.0.4 | | | 10.1.2.3 fd00::3 10.9.0.4
  eth1=10.9.0.4 eth0=fd00::3 | | | fd00::3 10.9.0.4
  eth0=10.1.2.9 eth0=10.1.2.3 | | | 10.1.2.9 10.1.2.3
  # What the user says.
  eth0=10.1.2.3 eth1=10.9.0.4 | eth0 | eth1 | 10.9.0.4 10.1.2.3
  eth0=10.1.2.3 eth1=10.9.0.4 | eth0 | 10.9.0.0/16 | 10.9.0.4 10.1.2.3
  eth0=172.19.0.2 eth0=fdaa:0:1::3 | | fdaa::/16 | fdaa:0:1::3 172.19.0.2
  eth0=10.1.2.3 ~br0=10.4.0.1 | | br0 | 10.4.0.1 10.1.2.3
  eth0=10.1.2.3 -dummy0=10.5.0.1 | | 10.5.0.0/31 | 10.5.0.1 10.1.2.3";

#[test]
fn the_order_does_not_depend_on_the_kernels() {
    let is_row = |line: &&str| line.contains('|');
    for row in ORDERS.lines().filter(is_row) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [found, default, wanted, expected] = cells.as_slice() else {
            panic!("{row}");
        };
        let filter = AddressFilter::parse(wanted).unwrap();
        let default = Some(*default).filter(|name| !name.is_empty());
        let listed = found.split(' ').filter(|word| word.starts_with('+'));
        let listed: Vec<IpAddr> = listed.map(|word| address(word).address).collect();
        let all: Vec<InterfaceAddress> = found.split(' ').map(address).collect();
        for all in [interfaces_reversed(&all), all] {
            let order = in_order(all, default, &listed, |one| {
                filter.fits(&one.interface, one.address)
            });
            let order: Vec<String> = order.iter().map(|one| one.address.to_string()).collect();
            assert_eq!(order.join(" "), *expected, "{row}");
        }
    }
}

/// The interfaces in the other order, the addresses of each as they were.
fn interfaces_reversed(all: &[InterfaceAddress]) -> Vec<InterfaceAddress> {
    let parts = all.chunk_by(|one, next| one.interface == next.interface);
    parts.rev().flatten().cloned().collect()
}

#[test]
fn reads_what_the_user_says() {
    let network = |address: &str, bits| AddressFilter::Network(address.parse().unwrap(), bits);
    for (text, expected) in [
        ("eth1", Ok(AddressFilter::Interface("eth1".into()))),
        ("eth0.100", Ok(AddressFilter::Interface("eth0.100".into()))),
        ("10.1.0.0/16", Ok(network("10.1.0.0", 16))),
        ("10.1.2.3", Ok(network("10.1.2.3", 32))),
        ("fd00::/8", Ok(network("fd00::", 8))),
        ("::/0", Ok(network("::", 0))),
        ("10.1.0.0/33", Err("behind the / is a number from 0 to 32")),
        ("fd00::/x", Err("behind the / is a number from 0 to 128")),
        ("10.1.0.0/", Err("behind the / is a number")),
        ("eth1/16", Err("neither an interface")),
        ("eth0 eth1", Err("neither an interface")),
        ("a-name-that-is-too-long", Err("neither an interface")),
    ] {
        match (AddressFilter::parse(text), expected) {
            (Err(reason), Err(start)) => assert!(reason.starts_with(start), "{text}: {reason}"),
            (got, expected) => assert_eq!(got, expected.map_err(Into::into), "{text}"),
        }
    }
    let all = network("0.0.0.0", 0);
    assert!(all.fits("eth0", "10.1.2.3".parse().unwrap()));
    assert!(!all.fits("eth0", "fd00::1".parse().unwrap()));
    let half = network("10.1.128.0", 17);
    assert!(half.fits("eth0", "10.1.200.1".parse().unwrap()));
    assert!(!half.fits("eth0", "10.1.100.1".parse().unwrap()));
}

#[test]
fn finds_the_default_route() {
    const IPV4: &str =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth1\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
*\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
";
    const IPV6: &str = "fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth2
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 00000001 00000001 00000000 00200200       lo
";
    for (ipv4, ipv6, expected) in [
        (IPV4, IPV6, Some("eth1")),
        ("", IPV6, Some("eth2")),
        ("", "", None),
        ("garbage 00000000", "00 00 x", None),
    ] {
        assert_eq!(default_interface(ipv4, ipv6).as_deref(), expected);
    }
}

#[test]
fn leaves_out_what_no_peer_can_reach() {
    for (address, reachable) in [
        ("10.1.2.3", true),
        ("fd00::1", true),
        ("127.0.0.1", false),
        ("127.8.0.1", false),
        ("169.254.1.1", false),
        ("::1", false),
        ("fe80::1", false),
        ("0.0.0.0", false),
    ] {
        assert_eq!(
            is_reachable(address.parse().unwrap()),
            reachable,
            "{address}"
        );
    }
}
