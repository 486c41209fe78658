//! The address that the VM listens at: that of its flags, or with `BEAMINIT_BIND=pod` this pod's; else all of its family.
//!
//! <https://www.erlang.org/doc/apps/kernel/kernel_app.html#inet_dist_use_interface>

use std::net::IpAddr;

use super::Sources;
use crate::beam::{Flag, words};
use crate::config::{BindTo, Setting};
use crate::error::Failure;
use crate::system::secrets;

/// An address, and whether it is ours to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    pub address: Setting<IpAddr>,
    pub is_ours: bool,
}

/// Picks the address, where it is one: of several of the pod's that by which peers find the node, if that is `known`.
///
/// # Errors
/// The pod has none, or the user's own flags say otherwise.
pub fn resolve(
    sources: &Sources,
    ipv6: bool,
    known: Option<IpAddr>,
) -> Result<Option<Bind>, Failure> {
    let (config, given) = (sources.config, given(sources));
    if config.bind == BindTo::All {
        return Ok(given);
    }
    let mut own = config.addresses();
    own.retain(|address| address.is_ipv6() == ipv6);
    own.sort_by_key(|address| Some(*address) != known);
    let Some(&value) = own.first() else {
        return Err(Failure::config(
            "BEAMINIT_BIND is \"pod\", and this pod has no address of the family that the node speaks; set POD_IP to one, or BEAMINIT_BIND=all",
        ));
    };
    let mut flags = sources.flags(&[Flag::Interface]);
    if let Some(other) = flags.find(|flag| flag.address() != Some(value)) {
        return Err(Failure::config(format!(
            "{} has inet_dist_use_interface {}, and BEAMINIT_BIND is \"pod\", which is {value}; leave one of them out",
            other.place,
            secrets::shown(&other.text)
        )));
    }
    let address = Setting::new(value, "BEAMINIT_BIND");
    Ok(Some(Bind {
        address,
        is_ours: true,
    }))
}

/// The address that the flags say: the first wins. What is none is the VM's to complain of.
pub fn given(sources: &Sources) -> Option<Bind> {
    let first = sources.flags(&[Flag::Interface]).next()?;
    let address = Setting::new(first.address()?, first.place.to_string());
    Some(Bind {
        address,
        is_ours: false,
    })
}

impl Bind {
    /// The flag, with a blank behind it, where it is ours.
    pub fn flag(&self) -> String {
        if !self.is_ours {
            return String::new();
        }
        let address = words::address(self.address.value);
        format!("-kernel inet_dist_use_interface {address} ")
    }
}
