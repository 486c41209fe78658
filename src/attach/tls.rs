//! A node that speaks TLS: with the certificate of BEAMINIT_TLS, a folder of this machine, or with the node's own, which the
//! beaminit in the pod tells with the cookie. The VM reads it in files that only this user can read.

use super::folder::Folder;
use super::node_info::Tls;
use crate::dist::{Carrier, TlsFiles};
use crate::error::Failure;
use crate::system::secrets::Text;

/// How the node is spoken with; writes the files that were told.
///
/// # Errors
/// They cannot be written.
pub fn carrier(tls: Option<&Tls>, folder: &Folder) -> Result<Carrier, Failure> {
    let told = match tls {
        None => return Ok(Carrier::Tcp),
        Some(Tls::Here(files)) => return Ok(Carrier::Tls(files.clone())),
        Some(Tls::Told(told)) => told,
    };
    let write = |name, text: &str| folder.write(&[name], Text::secret(text));
    let authority = told.authority.as_ref();
    Ok(Carrier::Tls(TlsFiles {
        identity: Some((
            write("tls.crt", &told.certificate)?,
            write("tls.key", &told.key)?,
        )),
        authority: authority.map(|text| write("ca.crt", text)).transpose()?,
        names_host: told.names_host,
    }))
}
