//! How nodes speak with each other: plain or over TLS, by IPv4 or IPv6; our flags, or the user's own.
//!
//! `-ssl_dist_optfile` names a file with an expression of Erlang's, from OTP 20 on, so that there may be functions in it.
//! <https://www.erlang.org/doc/apps/ssl/ssl_distribution.html>, `ssl_dist_sup:consult/1`

use std::fmt::Write as _;
use std::path::Path;

use super::Sources;
use crate::beam::{Flag, FlagSetting, TlsOptions};
use crate::dist::{Carrier, TlsFiles};
use crate::error::Failure;
use crate::node::NodeName;
use crate::system::Place;
use crate::system::files::text_of;
use crate::system::private_file::PrivateFile;
use crate::system::secrets::{self, Text};

/// What the VMs of a node need to speak with others.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    /// The flags for it, where there are any.
    pub wanted: Option<String>,
    /// Do the user's own flags say how nodes speak? Then nothing is added to them.
    is_users: bool,
    /// What carries it.
    pub carrier: Carrier,
    /// Our options of TLS: they have no secret in them, but the paths of some.
    pub file: Option<PrivateFile>,
}

impl Transport {
    /// What carries it, where that is TLS of ours.
    pub fn of_ours(&self) -> Option<Carrier> {
        self.file.as_ref().map(|_| self.carrier.clone())
    }

    /// The flags that are added to the user's.
    pub fn flags(&self) -> Option<&str> {
        self.wanted.as_deref().filter(|_| !self.is_users)
    }
}

/// Those that say how nodes speak.
pub const FLAGS: [Flag; 3] = [Flag::ProtoDist, Flag::TlsFile, Flag::TlsOption];

/// Do the flags have the VM speak IPv6? `None` where they say nothing of it.
pub fn family(sources: &Sources) -> Option<bool> {
    let carrier = transports(sources).next()?;
    Some(carrier.text.starts_with("inet6"))
}

/// What the flags say of how nodes speak with each other.
fn transports<'a>(sources: &'a Sources) -> impl Iterator<Item = &'a FlagSetting> {
    read_by_vm(sources, &[Flag::ProtoDist])
}

/// These flags, where the VM reads them.
fn read_by_vm<'a>(
    sources: &'a Sources,
    flags: &'a [Flag],
) -> impl Iterator<Item = &'a FlagSetting> {
    let is_read = |flag: &&FlagSetting| {
        sources.own.elixir || flag.place != Place::Variable("ELIXIR_ERL_OPTIONS".into())
    };
    sources.flags(flags).filter(is_read)
}

/// Options of TLS of the user's own, where the VM speaks without it.
pub fn unused_options<'a>(sources: &'a Sources, carrier: &Carrier) -> Option<&'a FlagSetting> {
    let mut options = read_by_vm(sources, &[Flag::TlsFile, Flag::TlsOption]);
    options.next().filter(|_| matches!(carrier, Carrier::Tcp))
}

/// What the user's own flags say of it.
pub fn of_users(sources: &Sources) -> Carrier {
    of_flags(read_by_vm(sources, &FLAGS), Path::new(""))
}

/// What such flags say of it; relative paths in them are to `folder`.
pub fn of_flags<'a>(flags: impl Iterator<Item = &'a FlagSetting>, folder: &Path) -> Carrier {
    let flags: Vec<&FlagSetting> = flags.collect();
    let Some(flag) = flags.iter().find(|flag| flag.flag == Flag::ProtoDist) else {
        return Carrier::Tcp;
    };
    match flag.text.as_str() {
        "inet_tcp" | "inet6_tcp" => Carrier::Tcp,
        "inet_tls" | "inet6_tls" => files(&flags, folder).map_or_else(Carrier::Other, Carrier::Tls),
        other => Carrier::Other(format!(
            "{} has -proto_dist {}, which beaminit does not speak",
            flag.place,
            secrets::shown(other)
        )),
    }
}

/// What a client of the nodes needs of the files of such flags. Where its own side has no certificate, the server's will do
/// as well.
fn files(flags: &[&FlagSetting], folder: &Path) -> Result<TlsFiles, String> {
    let file = flags.iter().find(|flag| flag.flag == Flag::TlsFile);
    let file = file.map(|flag| folder.join(&flag.text));
    let text = file.as_ref().map(|path| {
        let text = text_of(path);
        text.map_err(|error| {
            format!(
                "cannot read {}, the options of TLS: {error}",
                path.display()
            )
        })
    });
    let text = text.transpose()?;
    let side = |side| {
        let in_file = text
            .as_ref()
            .and_then(|text| TlsOptions::of_text(text, side));
        in_file.unwrap_or_else(|| TlsOptions::of_flags(flags.iter().copied(), side))
    };
    let (client, server) = (side("client"), side("server"));
    if let Some(gap) = client.gap() {
        let place = file.map_or_else(|| "-ssl_dist_opt".into(), |file| file.display().to_string());
        return Err(format!(
            "{place} has a {gap} for the client that beaminit cannot read; write certfile, keyfile and cacertfile as plain strings, or use BEAMINIT_TLS in place of your own flags"
        ));
    }
    let identity = [&client, &server].into_iter().find_map(|side| {
        let certificate = side.certfile.as_ref()?;
        let key = side.keyfile.as_ref().unwrap_or(certificate);
        Some((folder.join(certificate), folder.join(key)))
    });
    let verifies = client.verify.as_deref();
    let authority = client
        .cacertfile
        .filter(|_| verifies != Some("verify_none"));
    Ok(TlsFiles {
        identity,
        authority: authority.map(|path| folder.join(path)),
        names_host: verifies == Some("verify_peer") && !client.has_own_check,
    })
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
            carrier: of_users(sources),
            file: None,
        });
    };
    let files = tls.files();
    let content = Text::plain(options(&files, "'tlsv1.3'"));
    let (folder, name) = (node.to_string(), "tls.config");
    let reader = sources.launcher.reader();
    let file = PrivateFile::new_or_in_memory(&folder, name, 0o600, content, reader)?;
    let protocol = if ipv6 { "inet6_tls" } else { "inet_tls" };
    let path = file.path.display();
    Ok(Transport {
        wanted: Some(format!("-proto_dist {protocol} -ssl_dist_optfile {path}")),
        is_users,
        carrier: Carrier::Tls(files),
        file: Some(file),
    })
}

/// Do the user's own flags say how nodes speak? Of two `-proto_dist` the VM takes neither, and speaks plain IPv4, also
/// where one of them was for TLS. <https://www.erlang.org/doc/apps/erts/erl_cmd.html#proto_dist>
fn is_users(sources: &Sources) -> Result<bool, Failure> {
    let mut of_tls = read_by_vm(sources, &FLAGS);
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
    let mut flags = transports(sources);
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
pub fn options(files: &TlsFiles, versions: &str) -> String {
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
    let identity = files.identity.as_ref();
    let paths = [
        ("certfile", identity.map(|(certificate, _)| certificate)),
        ("keyfile", identity.map(|(_, key)| key)),
        ("cacertfile", files.authority.as_ref()),
    ];
    let verify = match files.authority {
        Some(_) => "verify_peer",
        None => "verify_none",
    };
    let mut common = format!("{{verify,{verify}}},{{versions,[{versions}]}}");
    for (name, path) in paths {
        if let Some(path) = path {
            let _ = write!(common, ",\n  {{{name},\"{}\"}}", path.display());
        }
    }
    let peers = if files.names_host { HOST } else { CA };
    format!(
        "[{{server,[{{fail_if_no_peer_cert,true}},{common}]}},
 {{client,[{common},
  {peers}]}}].\n"
    )
}
