//! A scripted name server: what it answers can be changed while it runs, and it remembers what it was asked.

mod answer;
mod server;
mod zone;

pub use answer::Answer;
pub use hickory_proto::rr::RecordType;
pub use zone::Question;

use std::io::PipeWriter;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use server::Sockets;
use zone::{Answers, Zone};

use super::{Network, eventually};

/// A running name server; it stops when dropped.
pub struct Dns {
    zone: Arc<Mutex<Zone>>,
    _running: PipeWriter,
}

impl Dns {
    /// Serves at this address of a network.
    pub fn serve(network: &Network, address: &str) -> Self {
        let address: IpAddr = address.parse().expect("an address");
        let sockets = network.inside(|| Sockets::bind(address)).expect("port 53");
        let zone = Arc::new(Mutex::new(Zone::new()));
        let (stop, running) = std::io::pipe().expect("a pipe");
        let mut served = Shared(Arc::clone(&zone));
        std::thread::spawn(move || sockets.serve(&stop, &mut served));
        Self {
            zone,
            _running: running,
        }
    }

    /// Makes this the name's only address of its family, from now on.
    pub fn publish(&self, name: &str, address: &str) {
        self.zone()
            .publish(name, address.parse().expect("an address"));
    }

    /// Publishes what the cluster knows of a pod: its name's address, and the PTR of that address.
    pub fn publish_pod(&self, name: &str, address: &str) {
        self.publish(name, address);
        self.point(address, name);
    }

    /// Sets the PTR of an address.
    pub fn point(&self, address: &str, name: &str) {
        let address: IpAddr = address.parse().expect("an address");
        let reverse = hickory_proto::rr::Name::from(address).to_ascii();
        self.script(
            &reverse,
            RecordType::PTR,
            [Answer::Pointer(name.to_owned())],
        );
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
        self.zone().everything(answer);
    }

    /// Answers like this what is unknown: without it NXDOMAIN with a negative TTL of 30 s.
    pub fn answer_unknown(&self, answer: Answer) {
        self.zone().unknown(answer);
    }

    /// All questions so far.
    pub fn asked(&self) -> Vec<Question> {
        self.zone().asked().to_vec()
    }

    /// The questions for this name so far.
    pub fn asked_for(&self, name: &str) -> Vec<Question> {
        let mut asked = self.asked();
        asked.retain(|question| question.name == name);
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

/// The zone as the serving thread has it.
struct Shared(Arc<Mutex<Zone>>);

impl Answers for Shared {
    fn answer(&mut self, question: &Question) -> Answer {
        self.0.lock().unwrap().answer(question)
    }
}
