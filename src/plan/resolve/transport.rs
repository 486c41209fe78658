//! How nodes speak with each other: plain or over TLS, by IPv4 or IPv6; our flags, or the user's own.
//!
//! `-ssl_dist_optfile` names a file with an expression of Erlang's, from OTP 20 on, so that there may be functions in it.
//! <https://www.erlang.org/doc/apps/ssl/ssl_distribution.html>, `ssl_dist_sup:consult/1`

use super::{Sources, bind};
use crate::beam::Flag;
use crate::config::{Tls, TlsPeers};
use crate::error::Failure;
use crate::node::NodeName;
use crate::system::private_file::PrivateFile;
use crate::system::secrets::Text;

/// What the VMs of a node need to speak with others.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    /// The flags for it, where there are any.
    pub wanted: Option<String>,
    /// Do the user's own flags say how nodes speak? Then nothing is added to them.
    is_users: bool,
    /// What carries it, where that is TLS of ours.
    pub tls: Option<&'static str>,
    /// The options of TLS: they have no secret in them, but the paths of some.
    pub file: Option<PrivateFile>,
}

impl Transport {
    /// The flags that are added to the user's.
    pub fn flags(&self) -> Option<&str> {
        self.wanted.as_deref().filter(|_| !self.is_users)
    }
}

/// Picks it.
///
/// # Errors
/// Two that speak of it, or there is no place for the file.
pub fn resolve(sources: &Sources, node: &NodeName, ipv6: bool) -> Result<Transport, Failure> {
    let is_users = is_users(sources)?;
    let Some(tls) = &sources.config.tls else {
        return Ok(Transport {
            wanted: ipv6.then(|| "-proto_dist inet6_tcp".into()),
            is_users,
            ..Transport::default()
        });
    };
    let content = Text::plain(options(tls));
    let (folder, name) = (node.to_string(), "tls.config");
    let (keeper, reader) = (sources.launcher.keeper(), sources.launcher.account.as_ref());
    let file = PrivateFile::new(&folder, name, 0o600, content.clone(), keeper, reader);
    let in_memory = |failure| PrivateFile::in_memory(0o600, content, keeper, reader).ok_or(failure);
    let file = file.or_else(in_memory)?;
    let protocol = if ipv6 { "inet6_tls" } else { "inet_tls" };
    let path = file.path.display();
    Ok(Transport {
        wanted: Some(format!("-proto_dist {protocol} -ssl_dist_optfile {path}")),
        is_users,
        tls: Some(protocol),
        file: Some(file),
    })
}

/// Do the user's own flags say how nodes speak? Of two `-proto_dist` the VM takes neither, and speaks plain IPv4, also
/// where one of them was for TLS. <https://www.erlang.org/doc/apps/erts/erl_cmd.html#proto_dist>
fn is_users(sources: &Sources) -> Result<bool, Failure> {
    let mut of_tls = bind::read_by_vm(sources, &[Flag::ProtoDist, Flag::TlsOptions]);
    if let (Some(_), Some(flag)) = (&sources.config.tls, of_tls.next()) {
        let flags = match flag.flag {
            Flag::ProtoDist => "-proto_dist",
            _ => "flags of TLS",
        };
        return Err(Failure::config(format!(
            "{} has {flags} of its own, and BEAMINIT_TLS is set, which gives the VM those flags; leave one of them out",
            flag.place
        )));
    }
    let mut flags = bind::transports(sources);
    match (flags.next(), flags.next()) {
        (Some(first), Some(second)) => Err(Failure::config(format!(
            "{} and {} have a -proto_dist each, and the VM would take neither; leave one",
            first.place, second.place
        ))),
        (first, _) => Ok(first.is_some()),
    }
}

/// The options: both sides want a certificate of the authority, and speak TLS 1.3, which all from OTP 23 on do. The side
/// that connects knows which host it wants. That of an address is an iPAddress, which OTP before 27 does not compare with
/// it, and a name with a `*` no OTP does.
fn options(tls: &Tls) -> String {
    const HOST: &str = "{customize_hostname_check,[{match_fun,fun
   ({dns_id,Host},{iPAddress,Bytes}) ->
     case inet:parse_strict_address(Host) of
       {ok,Address} ->
         Bits = 2*tuple_size(Address),
         << <<Part:Bits>> || Part <- tuple_to_list(Address) >> =:= iolist_to_binary([Bytes]);
       _ -> false
     end;
   (Wanted,Presented) ->
     (public_key:pkix_verify_hostname_match_fun(https))(Wanted,Presented)
   end}]}";
    const CA: &str = "{verify_fun,{fun
   (_,{bad_cert,hostname_check_failed},State) -> {valid,State};
   (_,{bad_cert,_}=Reason,_) -> {fail,Reason};
   (_,{extension,_},State) -> {unknown,State};
   (_,_,State) -> {valid,State}
   end,[]}}";
    let common = format!(
        "{{verify,verify_peer}},{{versions,['tlsv1.3']}},
  {{certfile,\"{}\"}},
  {{keyfile,\"{}\"}},
  {{cacertfile,\"{}\"}}",
        tls.certificate().display(),
        tls.key().display(),
        tls.authority().display()
    );
    let peers = match tls.peers {
        TlsPeers::Host => HOST,
        TlsPeers::Ca => CA,
    };
    format!(
        "[{{server,[{{fail_if_no_peer_cert,true}},{common}]}},
 {{client,[{common},
  {peers}]}}].\n"
    )
}
