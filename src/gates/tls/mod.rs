//! The tls gate: can this node speak TLS, and would its peers take its certificate?
//!
//! The VM starts with any certificate; that nobody takes it shows in its log as an alert, at each attempt to connect.

#[cfg(feature = "full")]
mod authority;
#[cfg(feature = "full")]
mod certificate;

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::errno::Errno;
use tracing::warn;

use crate::beam::erl_root;
use crate::config::{Config, Tls};
use crate::dist::TlsFiles;
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::Host;
use crate::plan::Launcher;
use crate::system::account::Account;
use crate::system::files::text_of;

/// Checks the files, the certificate and the release; `host` is the node's, once it is known.
///
/// # Errors
/// [`Exit::Gate`], with what is wrong.
pub fn check(
    tls: &Tls,
    host: Option<&Host>,
    launcher: &Launcher,
    config: &Config,
) -> Result<(), Failure> {
    let mut lines: Vec<String> = without_ssl(launcher, config).into_iter().collect();
    let files = [tls.certificate(), tls.key(), tls.authority()];
    // Of a folder that is not there, one file tells it.
    let count = if tls.folder.is_dir() { files.len() } else { 1 };
    let mut contents = Vec::new();
    for file in files.iter().take(count) {
        match read(file, launcher.account.as_ref()) {
            Ok(content) => contents.push(content),
            Err(failure) => lines.extend(failure.lines),
        }
    }
    if let [certificate, key, authority] = contents.as_slice()
        && let Err(failure) = check_certificate(&tls.files(), host, [certificate, key, authority])
    {
        lines.extend(failure.lines);
    }
    if lines.is_empty() {
        return Ok(());
    }
    Err(Failure {
        lines,
        ..Failure::new(Exit::Gate, "")
    })
}

/// What to do about a release, or an installed OTP, that has no application ssl.
fn without_ssl(launcher: &Launcher, config: &Config) -> Option<String> {
    let installed = erl_root(&config.environment);
    let root = launcher.root.clone().or_else(|| installed.clone())?;
    // Its libraries may be anywhere else, too; and the folder above a script of the user's own is neither.
    let is_whole = ["lib", "releases"]
        .iter()
        .all(|name| root.join(name).is_dir());
    if !is_whole || config.path("ERL_LIBS").is_some() || has_ssl(&root) {
        return None;
    }
    let remedy = if Some(&root) == installed.as_ref() {
        "install it (the package erlang-ssl)"
    } else {
        "add :ssl to extra_applications in mix.exs, or ssl to the release in rebar.config"
    };
    let root = root.display();
    Some(format!(
        "BEAMINIT_TLS is set, and {root} has no application ssl; {remedy}"
    ))
}

/// Warns of what peers would refuse a certificate of the user's own options for, as far as that can be told.
pub fn warn_of_users(files: &TlsFiles, host: &Host) {
    let (Some((certificate, key)), Some(authority)) = (&files.identity, &files.authority) else {
        return;
    };
    let contents = [certificate, key, authority].map(|path| std::fs::read(path).ok());
    let [Some(certificate), Some(key), Some(authority)] = contents else {
        return;
    };
    let checked = check_certificate(files, Some(host), [&certificate, &key, &authority]);
    if let Err(failure) = checked {
        warn!("{}", failure.lines.join("; "));
    }
}

#[cfg(feature = "full")]
use certificate::check as check_certificate;

#[cfg(not(feature = "full"))]
#[allow(clippy::unnecessary_wraps)]
fn check_certificate(files: &TlsFiles, host: Option<&Host>, _: [&[u8]; 3]) -> Result<(), Failure> {
    if let (Some(_), Some((path, _))) = (host, &files.identity) {
        tracing::info!(
            "{} is not checked: this beaminit is built without TLS; one built with --features full checks it",
            path.display()
        );
    }
    Ok(())
}

/// Does a release, or an installed OTP, have the application? A release may use the libraries of another folder.
fn has_ssl(root: &Path) -> bool {
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_ssl = |name: &str| name.starts_with("ssl-");
    let mut libraries = entries(&root.join("lib"));
    libraries.any(|one| one.file_name().to_str().is_some_and(is_ssl))
        || entries(&root.join("releases"))
            .flat_map(|version| entries(&version.path()))
            .filter(|file| file.path().extension() == Some("rel".as_ref()))
            .any(|file| text_of(file.path()).is_ok_and(|text| text.contains("{ssl,")))
}

/// Reads a file that the `reader`, the user that the command becomes, must be able to read, too.
fn read(path: &Path, reader: Option<&Account>) -> Result<Vec<u8>, Failure> {
    let kept = reader.filter(|reader| is_kept_from(reader, path));
    let content = match kept {
        None => std::fs::read(path),
        Some(_) => Err(Errno::EACCES.into()),
    };
    content.or_else(|error| {
        let path = path.display();
        let hint = match (error.kind(), kept) {
            (ErrorKind::PermissionDenied, Some(reader)) => {
                format!("may user {} read it (fsGroup, defaultMode)?", reader.name)
            }
            (ErrorKind::PermissionDenied, None) => {
                "may this user read it (fsGroup, defaultMode)?".into()
            }
            _ => "BEAMINIT_TLS is a folder with tls.crt, tls.key and ca.crt, such as a mounted Secret of cert-manager".into(),
        };
        fails(format!("cannot read {path}: {error}; {hint}"))
    })
}

/// Is a file for its owner alone, and that is not this account? Its groups are not known.
fn is_kept_from(reader: &Account, path: &Path) -> bool {
    const OTHERS: u32 = 0o044;
    std::fs::metadata(path)
        .is_ok_and(|file| file.uid() != reader.uid.as_raw() && file.mode() & OTHERS == 0)
}

fn fails<T>(line: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::new(Exit::Gate, line))
}
