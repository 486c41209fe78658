//! The Kubernetes API as a pod sees it: a server that speaks TLS under an authority of its own, and says what the test wants.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Network, PATIENCE, Pod};

/// Where every cluster has it.
const ADDRESS: &str = "10.96.0.1";
/// Where Kubernetes mounts the service account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What is said to one path.
#[derive(Clone, Debug)]
pub enum Says {
    /// A status and a body.
    Status(u16, String),
    /// Nothing, for a long time.
    Nothing,
    /// A body without an end.
    Endless,
    /// Bytes that are no HTTP.
    Garbage,
}

/// A running API; its threads end with the tests.
pub struct Api {
    authority: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What is said, by the beginning of the path.
    says: Vec<(String, Says)>,
    /// Path and token of each request.
    asked: Vec<(String, String)>,
}

impl Api {
    /// Serves in this network.
    pub fn serve(network: &Network) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let own = CertificateParams::new(vec![ADDRESS.to_owned()]).expect("parameters");
        let own = own.signed_by(&key, &authority).expect("a certificate");
        let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], private)
            .expect("a certificate with its key");
        let config = Arc::new(config);
        let state = Arc::new(Mutex::new(State::default()));
        let listener = network.listen(&format!("{ADDRESS}:443"));
        let served = Arc::clone(&state);
        std::thread::spawn(move || accept(&listener, &config, &served));
        Self {
            authority: authority.pem(),
            state,
        }
    }

    /// Mounts the service account into a pod.
    pub fn mount(&self, pod: Pod, token: &str) -> Pod {
        pod.env("KUBERNETES_SERVICE_HOST", ADDRESS)
            .env("KUBERNETES_SERVICE_PORT", "443")
            .file(&format!("{ACCOUNT}/token"), token)
            .file(&format!("{ACCOUNT}/ca.crt"), &self.authority)
            .service_account("prod")
    }

    /// Says this from now on to requests whose path contains `path`.
    pub fn says(&self, path: &str, says: Says) {
        let mut state = self.state.lock().unwrap();
        state.says.retain(|(known, _)| known != path);
        state.says.push((path.to_owned(), says));
    }

    /// Path and token of each request so far.
    pub fn asked(&self) -> Vec<(String, String)> {
        self.state.lock().unwrap().asked.clone()
    }
}

fn accept(listener: &TcpListener, config: &Arc<ServerConfig>, state: &Arc<Mutex<State>>) {
    for stream in listener.incoming().flatten() {
        let (config, state) = (Arc::clone(config), Arc::clone(state));
        // A client that goes away in the middle is the client's affair.
        std::thread::spawn(move || answer(stream, config, &state));
    }
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>, state: &Mutex<State>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let server = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut tls = StreamOwned::new(server, stream);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        tls.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request);
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let token = request
        .split_once("Bearer ")
        .and_then(|(_, rest)| rest.lines().next())
        .unwrap_or_default()
        .to_owned();
    let says = {
        let mut state = state.lock().unwrap();
        state.asked.push((path.clone(), token));
        let mut known = state.says.iter();
        known
            .find(|(known, _)| path.contains(known))
            .map(|(_, says)| says.clone())
    };
    match says.unwrap_or(Says::Status(404, "{}".into())) {
        Says::Status(status, body) => {
            write!(
                tls,
                "HTTP/1.0 {status} So\r\nContent-Type: application/json\r\n\r\n{body}"
            )?;
        }
        Says::Nothing => std::thread::sleep(PATIENCE),
        Says::Endless => {
            write!(tls, "HTTP/1.0 200 OK\r\n\r\n")?;
            loop {
                tls.write_all(&[b' '; 4096])?;
            }
        }
        Says::Garbage => tls.write_all(b"\0\x01 this is not what you asked for")?,
    }
    tls.conn.send_close_notify();
    tls.flush()
}
