//! One GET over TLS, all of it under one deadline, with a limit for the length of the answer.
//!
//! By HTTP/1.0, whose answers end with the connection: no chunks, no keep-alive. A ready-made client would look names up
//! by getaddrinfo(3), which a static binary does not have; the API's server is given by its address. RFC 1945, RFC 8446

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use super::ServiceAccount;
use crate::dist::tls;
use crate::dist::wire::Wire;

/// An answer is no longer than this.
const LONGEST: usize = 1 << 20;

/// Asks for the target, a path with its query; returns status and body.
///
/// # Errors
/// Why there is no answer.
pub fn get(
    server: SocketAddr,
    account: &ServiceAccount,
    target: &str,
    deadline: Instant,
) -> Result<(u16, Vec<u8>), String> {
    let answer = exchange(server, account, target, deadline)
        .map_err(|error| format!("the Kubernetes API at {server}: {error}"))?;
    split(&answer).ok_or_else(|| format!("what answers at {server} does not speak HTTP"))
}

fn exchange(
    server: SocketAddr,
    account: &ServiceAccount,
    target: &str,
    deadline: Instant,
) -> io::Result<Vec<u8>> {
    let mut wire = Wire::connect(server, deadline)?;
    let name = ServerName::IpAddress(server.ip().into());
    let config = config(&account.authority)?;
    let client = ClientConnection::new(config, name).map_err(io::Error::other)?;
    wire.start_tls(client)?;
    write!(
        wire,
        "GET {target} HTTP/1.0\r\nHost: kubernetes.default.svc\r\nAuthorization: Bearer {}\r\nAccept: application/json\r\nUser-Agent: beaminit\r\n\r\n",
        account.token
    )?;
    wire.flush()?;
    let mut answer = Vec::new();
    loop {
        match wire.read_some(LONGEST) {
            Ok(more) => answer.extend(more),
            // Closed, with notice or without: whether something is missing shows when the text is read.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(answer),
            Err(error) => return Err(error),
        }
        if answer.len() > LONGEST {
            return Err(io::Error::other("its answer is longer than 1 MiB"));
        }
    }
}

/// TLS 1.3, which Kubernetes' API speaks from its version 1.16 on, to the authority of the service account.
fn config(authority: &[u8]) -> io::Result<Arc<ClientConfig>> {
    let roots = tls::authorities(Path::new("ca.crt"), authority).map_err(io::Error::other)?;
    let config = ClientConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Status and body of an answer.
fn split(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let body = answer.get(head + 4..)?.to_vec();
    let line =
        std::str::from_utf8(answer.get(..head)?.split(|byte| *byte == b'\r').next()?).ok()?;
    let status = line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    Some((status.parse().ok()?, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_answers_apart() {
        for (answer, expected) in [
            ("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{}", Some((200, "{}"))),
            ("HTTP/1.1 403 Forbidden\r\n\r\n", Some((403, ""))),
            ("HTTP/1.1\r\n\r\n", None),
            ("HTTP/2 200\r\n\r\n", None),
            ("SSH-2.0-OpenSSH\r\n", None),
            ("", None),
        ] {
            let expected = expected.map(|(status, body)| (status, body.as_bytes().to_vec()));
            assert_eq!(split(answer.as_bytes()), expected, "{answer}");
        }
    }
}
