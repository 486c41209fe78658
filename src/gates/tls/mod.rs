//! The tls gate: can this node speak TLS, and would its peers take its certificate?
//!
//! The VM starts with any certificate; that nobody takes it shows in its log as an alert, at each attempt to connect.

#[cfg(feature = "full")]
mod certificate;

use std::path::Path;

use crate::beam::erl_root;
use crate::config::{Config, Tls};
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::Host;
use crate::plan::Launcher;
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
    let root = launcher.root.clone();
    let root = root.or_else(|| erl_root(&config.environment));
    // Its libraries may be anywhere else, too; and the folder above a script of the user's own is neither.
    let is_whole = |root: &Path| {
        ["lib", "releases"]
            .iter()
            .all(|name| root.join(name).is_dir())
    };
    let root = root.filter(|root| config.path("ERL_LIBS").is_none() && is_whole(root));
    if let Some(root) = root.filter(|root| !has_ssl(root)) {
        return fails(format!(
            "BEAMINIT_TLS is set, and {} has no application ssl; add :ssl to extra_applications in mix.exs, or ssl to the release in rebar.config, or install it (erlang-ssl)",
            root.display()
        ));
    }
    let files = [tls.certificate(), tls.key(), tls.authority()];
    let [certificate, key, authority] = files.each_ref().map(|path| read(path));
    check_certificate(tls, host, [&certificate?, &key?, &authority?])
}

#[cfg(feature = "full")]
use certificate::check as check_certificate;

#[cfg(not(feature = "full"))]
#[allow(clippy::unnecessary_wraps)]
fn check_certificate(tls: &Tls, host: Option<&Host>, _: [&[u8]; 3]) -> Result<(), Failure> {
    if host.is_some() {
        tracing::info!(
            "the certificate in {} is not checked: this beaminit is built without TLS; one built with --features full checks it",
            tls.folder.display()
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
            .filter(|file| {
                file.path()
                    .extension()
                    .is_some_and(|ending| ending == "rel")
            })
            .any(|file| text_of(file.path()).is_ok_and(|text| text.contains("{ssl,")))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).or_else(|error| {
        let path = path.display();
        let hint = match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                "may this user read it (fsGroup, defaultMode)?"
            }
            _ => "BEAMINIT_TLS is a folder with tls.crt, tls.key and ca.crt, such as a mounted Secret of cert-manager",
        };
        fails(format!("cannot read {path}: {error}; {hint}"))
    })
}

fn fails<T>(line: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::new(Exit::Gate, line))
}
