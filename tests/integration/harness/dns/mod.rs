//! A scripted name server: what it answers can be changed while it runs, and it remembers what it was asked.

mod answer;
mod cache;
mod client;
mod kind;
mod message;
mod question;
mod server;
mod zone;

pub use answer::Answer;
pub use client::Client;
pub use hickory_proto::rr::RecordType;
pub use kind::Kind;
pub use question::Question;
pub use zone::API;

use std::io::PipeWriter;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use server::{Answers, Sockets};
use zone::Zone;

use super::{Network, PATIENCE, eventually};

/// A running name server; it stops when dropped.
pub struct Dns {
    address: SocketAddr,
    network: Network,
    zone: Arc<Mutex<Zone>>,
    _running: PipeWriter,
}

impl Dns {
    /// Serves at this address of a network.
    pub fn serve(network: &Network, address: &str) -> Self {
        let address: IpAddr = address.parse().expect("an address");
        Self::serve_at(network, SocketAddr::new(address, 53))
    }

    /// Serves at this link-local address, at the other end of the pod's cable.
    pub fn serve_on_the_link(network: &Network, address: &str) -> Self {
        let address: Ipv6Addr = address.parse().expect("an IPv6 address");
        let scope = network.inside(|| {
            let mut ip = Command::new("ip");
            ip.args(["address", "add", &format!("{address}/64")]);
            ip.args(["dev", "cable", "nodad"]);
            assert!(ip.status().expect("ip starts").success());
            nix::net::if_::if_nametoindex("cable").expect("a cable")
        });
        Self::serve_at(network, SocketAddrV6::new(address, 53, 0, scope).into())
    }

    fn serve_at(network: &Network, address: SocketAddr) -> Self {
        let sockets = network.inside(|| Sockets::bind(address)).expect("port 53");
        let zone = Arc::new(Mutex::new(Zone::new()));
        let (stop, running) = std::io::pipe().expect("a pipe");
        let served = Shared(Arc::clone(&zone));
        std::thread::spawn(move || sockets.serve(&stop, &served));
        Self {
            address,
            network: network.share(),
            zone,
            _running: running,
        }
    }

    /// Behaves like a server of this kind from now on: without it like CoreDNS that keeps nothing.
    pub fn like(self, kind: Kind) -> Self {
        self.zone().become_like(kind);
        self
    }

    /// Makes this the name's only address of its family, from now on.
    pub fn publish(&self, name: &str, address: &str) {
        self.zone()
            .publish(name, address.parse().expect("an address"));
    }

    /// Publishes what the cluster knows of a pod: its name's address, and the PTR of that address.
    pub fn publish_pod(&self, name: &str, address: &str) {
        self.point(address, name);
        self.publish(name, address);
    }

    /// Sets the PTR of an address.
    pub fn point(&self, address: &str, name: &str) {
        self.point_to_each(address, [name]);
    }

    /// Sets several PTRs of an address.
    pub fn point_to_each<const N: usize>(&self, address: &str, names: [&str; N]) {
        let pointers = Answer::Pointers(names.map(str::to_owned).to_vec());
        self.script(&reverse(address), RecordType::PTR, [pointers]);
    }

    /// Sets the answers of a name and type: one after the other, the last again and again.
    pub fn script<const N: usize>(&self, name: &str, kind: RecordType, answers: [Answer; N]) {
        self.zone().script(name, kind, Vec::from(answers));
    }

    /// Forgets a name with all its types.
    pub fn withdraw(&self, name: &str) {
        self.zone().withdraw(name);
    }

    /// Answers everything like this from now on.
    pub fn answer_everything(&self, answer: Answer) {
        self.zone().everything(Some(answer));
    }

    /// Answers as it knows, again.
    pub fn recover(&self) {
        self.zone().everything(None);
    }

    /// Answers like this what is unknown: without it like its kind.
    pub fn answer_unknown(&self, answer: Answer) {
        self.zone().unknown(answer);
    }

    /// Lets time pass for its cache: what is in it is so many seconds older.
    pub fn grow_older(&self, seconds: u64) {
        self.zone().grow_older(Duration::from_secs(seconds));
    }

    /// How many entries its cache has gained.
    pub fn cached(&self) -> usize {
        self.zone().cache().len()
    }

    /// Another client of this server.
    pub fn another_client(&self) -> Client {
        Client::of(self.address, &self.network)
    }

    /// All questions so far, but for those of other clients.
    pub fn asked(&self) -> Vec<Question> {
        let mut asked = self.zone().asked().to_vec();
        asked.retain(|question| question.from != client::ELSEWHERE);
        asked
    }

    /// The questions for this name so far.
    pub fn asked_for(&self, name: &str) -> Vec<Question> {
        let mut asked = self.asked();
        asked.retain(|question| question.name == name);
        asked
    }

    /// The questions for addresses of this name so far: those that peers ask too.
    pub fn asked_plainly(&self, name: &str) -> Vec<Question> {
        let mut asked = self.asked_for(name);
        asked.retain(Question::is_plain);
        asked
    }

    /// Waits until this name has been asked for.
    #[track_caller]
    pub fn is_asked_for(&self, name: &str) {
        self.is_asked_for_times(name, 1);
    }

    /// Waits until this name has been asked for this many times.
    #[track_caller]
    pub fn is_asked_for_times(&self, name: &str, times: usize) {
        let what = format!("{name} is asked for {times} times");
        eventually(&what, || self.asked_for(name).len() >= times);
    }

    fn zone(&self) -> MutexGuard<'_, Zone> {
        self.zone.lock().unwrap()
    }
}

/// The name under which the PTR of an address is.
pub fn reverse(address: &str) -> String {
    let address: IpAddr = address.parse().expect("an address");
    let name = hickory_proto::rr::Name::from(address).to_ascii();
    name.trim_end_matches('.').to_owned()
}

/// The zone as the serving threads have it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Zone>>);

impl Answers for Shared {
    fn answer(&self, question: &Question) -> (Answer, u32) {
        self.0.lock().unwrap().answer(question)
    }
}
