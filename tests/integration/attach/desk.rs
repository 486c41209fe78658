//! A developer's machine, and what its kubectl reaches: the API of a cluster that has one pod, `app-0`.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;

use crate::harness::*;

/// A machine with the user's own things in its home, that reaches nothing but the API.
pub fn desk() -> Pod {
    at_desk(Pod::with_addresses("laptop", &["10.9.9.9"]))
}

/// The same, with other addresses.
pub fn at_desk(machine: Pod) -> Pod {
    machine
        .env("TERM", "xterm")
        .env("LANG", "C.UTF-8")
        .env("STAND_IN_SOCKET", "/srv/api")
        .with_attach()
        .file_with_mode("/srv/.erlang.cookie", "the user's own", 0o400)
        .file_with_mode(
            "/srv/bin/kubectl",
            std::fs::read(tests().join("attach/kubectl")).unwrap(),
            0o755,
        )
}

/// A desk where somebody sits.
pub struct Desk {
    pub machine: Running,
}

impl Desk {
    /// Sits down at a machine whose kubectl knows this pod.
    pub fn new(machine: &Pod, pod: &Pod, node: &Arc<Running>) -> Self {
        let listener = UnixListener::bind(machine.place("/srv/api")).expect("a socket for the API");
        let (network, node) = (Arc::new(pod.network().share()), Arc::clone(node));
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (network, node) = (Arc::clone(&network), Arc::clone(&node));
                std::thread::spawn(move || serve(connection, &network, &node));
            }
        });
        Self::alone(machine)
    }

    /// A machine whose kubectl reaches nothing.
    pub fn alone(machine: &Pod) -> Self {
        let machine = machine.first(["sh", "-c", "echo ready; exec sleep 1000"]);
        machine.says("ready");
        Self { machine }
    }

    /// Types `beaminit-attach WORDS` at a terminal; gives what can be typed there.
    pub fn attach(&self, words: impl Words) -> (Process, std::fs::File) {
        let (process, typed) = self.machine.enter_with(Input::Terminal, line(&words));
        (process, typed.expect("a terminal"))
    }

    /// Runs it without a terminal.
    pub fn run(&self, words: impl Words) -> Process {
        self.machine.enter(line(&words))
    }

    /// Sends a signal to the process of this name.
    #[track_caller]
    pub fn signal(&self, name: &str, signal: &str) {
        let target = self.machine.inmate(name).expect("such a process").pid;
        self.machine
            .enter(["kill", signal, &target.to_string()])
            .ends_with(0);
    }

    /// The names of what runs; nobody reaps here what is left behind.
    pub fn running(&self) -> Vec<String> {
        let inmates = self.machine.inmates().into_iter();
        inmates
            .filter(|inmate| inmate.state != 'Z')
            .map(|inmate| inmate.name)
            .collect()
    }

    /// The folders that attach keeps its files in.
    pub fn folders(&self) -> Vec<String> {
        let all = format!("/proc/{}/root/run/beaminit-0", self.machine.pid());
        let all = std::fs::read_dir(all).into_iter().flatten().flatten();
        all.map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }

    /// Nothing of it runs any more, and none of its files is left.
    #[track_caller]
    pub fn is_as_before(&self) {
        eventually("only the machine itself runs", || {
            self.running() == ["sleep"]
        });
        for folder in ["dev/shm", "tmp", "run"] {
            let folder = format!("/proc/{}/root/{folder}", self.machine.pid());
            let mut left = std::fs::read_dir(folder)
                .unwrap()
                .flatten()
                .map(|entry| entry.file_name());
            let left = left.find(|name| name.to_string_lossy().starts_with("beaminit-"));
            assert_eq!(left, None);
        }
    }
}

fn line(words: &impl Words) -> Vec<std::ffi::OsString> {
    let mut line = "beaminit-attach".words();
    line.extend(words.words());
    line
}

/// One request to the API.
fn serve(connection: UnixStream, network: &Network, node: &Running) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    let mut request = String::new();
    reader.read_line(&mut request).ok()?;
    let mut connection = connection;
    if let Some(words) = request.strip_prefix("exec ") {
        let words = words.replace("/beaminit ", &format!("{BEAMINIT} "));
        let ended = node.enter(words.as_str()).ends();
        return write!(connection, "{}\n{}", ended.code, ended.stdout).ok();
    }
    let port: u16 = request.strip_prefix("connect ")?.trim().parse().ok()?;
    let far = network
        .inside(|| TcpStream::connect(("127.0.0.1", port)))
        .ok()?;
    (&connection).write_all(b"connected\n").ok()?;
    let (mut from_far, mut to_near) = (far.try_clone().ok()?, connection);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_far, &mut to_near);
        let _ = to_near.shutdown(Shutdown::Both);
    });
    let mut to_far = far;
    let _ = std::io::copy(&mut reader, &mut to_far);
    to_far.shutdown(Shutdown::Both).ok()
}
