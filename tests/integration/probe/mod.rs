//! `beaminit probe` and whatever may listen where a node should: it says what it sees, in the time that it has.

mod surroundings;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::clusters::*;
use crate::harness::*;

/// A pod without any node, in which a probe can be run.
fn empty() -> (Pod, Running) {
    let pod = laptop()
        .env("SNAME", "app")
        .env("ERLANG_COOKIE", "chocolate");
    let running = pod.first(["sh", "-c", "echo ready; exec sleep 1000"]);
    running.says("ready");
    (pod, running)
}

/// Where what stands for a node's VM hands on what comes to its port.
const BEHIND_THE_VM: &str = "127.0.0.1:43692";

/// The same with a process that is a VM to who looks at its name, its arguments and its parent, and has the node's port.
fn with_vm() -> (Pod, Running) {
    let (pod, running) = with_vm_at(43691, 43692);
    epmd(&pod, 43691);
    (pod, running)
}

/// Such a process at this port, which hands on what comes to another.
pub fn with_vm_at(port: u16, behind: u16) -> (Pod, Running) {
    let pod = laptop()
        .env("SNAME", "app")
        .env("ERLANG_COOKIE", "chocolate")
        .program("beam.smp", "relays");
    let script = format!("beam.smp -home . {port} {behind} & exec sleep 1000");
    let running = pod.first(["sh", "-c", &script]);
    running.says("ready");
    (pod, running)
}

/// A probe with so little time that it waits in vain, though it comes as far as that. What it says, and that it is back soon
/// when its time is over.
fn hurried(pod: &Running, arguments: &[&str]) -> Ended {
    let time = stretched(Duration::from_millis(500));
    let timeout = format!("--timeout={}ms", time.as_millis());
    let (ended, took) = probe(pod, &[arguments, &[&timeout]].concat());
    is_within(time + Duration::from_millis(1500), took, &ended);
    ended
}

fn probe(pod: &Running, arguments: &[&str]) -> (Ended, Duration) {
    let mut words = vec![BEAMINIT, "probe"];
    words.extend(arguments);
    let started = Instant::now();
    (pod.enter(words.as_slice()).ends(), started.elapsed())
}

#[track_caller]
fn fails(ended: &Ended, code: i32, part: &str) {
    assert_eq!(ended.code, code, "{ended}");
    assert!(ended.stdout.is_empty(), "{ended}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
    assert!(ended.stderr.contains(part), "no {part:?}: {ended}");
}

/// Takes every connection to an address of the pod's, and does this with it.
pub fn serve(pod: &Pod, address: &str, does: impl Fn(TcpStream) + Send + Copy + 'static) {
    let listener: TcpListener = pod.network().listen(address);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || does(stream));
        }
    });
}

/// An epmd that has the node at this port.
fn epmd(pod: &Pod, port: u16) {
    serve(pod, "0.0.0.0:4369", move |mut stream| {
        let _ = stream.read(&mut [0; 64]);
        let [high, low] = port.to_be_bytes();
        let start = [b'w', 0, high, low, b'M', 0, 0, 6, 0, 5, 0, 3];
        let _ = stream.write_all(&[start.as_slice(), b"app\0\0"].concat());
    });
}

/// A message of the handshake, its length before it.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [&length.to_be_bytes(), message].concat()
}

/// What a node of this name says first: that it is fine, and its challenge.
pub fn greeting(name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len()).unwrap().to_be_bytes();
    let challenge = [b"N".as_slice(), &[0; 16], &length, name.as_bytes()].concat();
    [framed(b"sok"), framed(&challenge)].concat()
}

#[test]
fn nobody_there() {
    let (_pod, running) = empty();
    for level in ["--port", "--alive", "--ready"] {
        let (ended, took) = probe(&running, &[level]);
        fails(&ended, 1, "no epmd at port 4369 to look up app@laptop");
        is_within(Duration::from_secs(2), took, level);
    }
}

#[test]
fn strangers_at_the_nodes_port() {
    type Does = fn(TcpStream);
    let strangers: [(&str, &str, Does); 9] = [
        (
            "another protocol",
            "does not speak the distribution protocol",
            |mut stream| {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            },
        ),
        ("a door that closes", "closed the connection", drop),
        (
            "silence",
            "does not answer the handshake in time",
            |mut stream| {
                let _ = stream.read_to_end(&mut Vec::new());
            },
        ),
        (
            "a byte now and then",
            "does not answer the handshake in time",
            |mut stream| {
                for byte in greeting("app@laptop") {
                    let _ = stream.write_all(&[byte]);
                    sleep(Duration::from_secs(2));
                }
            },
        ),
        (
            "no length",
            "does not speak the distribution protocol",
            |mut stream| {
                let _ = stream.write_all(&[0, 0]);
            },
        ),
        (
            "a huge length",
            "does not speak the distribution protocol",
            |mut stream| {
                let _ = stream.write_all(&[0xff, 0xff]);
                let _ = std::io::copy(&mut std::io::repeat(b's'), &mut stream);
            },
        ),
        (
            "no end",
            "does not speak the distribution protocol",
            |mut stream| {
                let _ = stream.write_all(&framed(b"sok"));
                let _ = std::io::copy(&mut std::io::repeat(b'N'), &mut stream);
            },
        ),
        (
            "a node that does not want it",
            "net_kernel:allow/1",
            |mut stream| {
                let _ = stream.write_all(&framed(b"snot_allowed"));
                let _ = stream.read_to_end(&mut Vec::new());
            },
        ),
        (
            "another node",
            "the node at port 43691 is other@laptop, and not app@laptop",
            |mut stream| {
                let _ = stream.write_all(&greeting("other@laptop"));
                let _ = stream.read_to_end(&mut Vec::new());
            },
        ),
    ];
    for (what, part, does) in strangers {
        let (pod, running) = empty();
        epmd(&pod, 43691);
        serve(&pod, "0.0.0.0:43691", does);
        for level in ["--alive", "--ready"] {
            println!("{what}");
            fails(&hurried(&running, &[level]), 1, part);
        }
        // It is a port, after all.
        assert_eq!(probe(&running, &["--port"]).0.code, 0, "{what}");
    }
}

#[test]
fn a_name_is_shown_without_what_a_terminal_obeys() {
    let (pod, running) = empty();
    epmd(&pod, 43691);
    serve(&pod, "0.0.0.0:43691", |mut stream| {
        let _ = stream.write_all(&greeting("app@\u{202e}x\u{2028}"));
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let part = "is app@\\u202ex\\u2028, and not app@laptop";
    fails(&probe(&running, &[]).0, 1, part);
}

#[test]
fn a_peer_that_asks_to_go_on_is_answered() {
    let (pod, running) = empty();
    epmd(&pod, 43691);
    serve(&pod, "0.0.0.0:43691", |mut stream| {
        let mut bytes = [0; 256];
        let _ = stream.read(&mut bytes);
        let _ = stream.write_all(&framed(b"salive"));
        let count = stream.read(&mut bytes).unwrap_or(0);
        if bytes[..count] == framed(b"strue") {
            let _ = stream.write_all(&greeting("app@laptop")[5..]);
        }
    });
    let (ended, _) = probe(&running, &[]);
    assert_eq!(
        ended.stdout, "app@laptop is alive (port 43691)\n",
        "{ended}"
    );
}

#[test]
fn a_node_that_cannot_prove_its_cookie() {
    type Does = fn(TcpStream);
    let nodes: [(&str, &str, Does); 4] = [
        ("it closes", "has another cookie", |mut stream| {
            let _ = stream.read(&mut [0; 21]);
        }),
        ("another digest", "has another cookie", |mut stream| {
            let _ = stream.read(&mut [0; 64]);
            let _ = stream.write_all(&framed(b"a0123456789abcdef"));
        }),
        (
            "no digest",
            "does not speak the distribution protocol",
            |mut stream| {
                let _ = stream.read(&mut [0; 64]);
                let _ = stream.write_all(&framed(b"b0123456789abcdef"));
            },
        ),
        (
            "silence",
            "does not answer the proof of the cookie in time",
            |mut stream| {
                let _ = stream.read_to_end(&mut Vec::new());
            },
        ),
    ];
    for (what, part, does) in nodes {
        let (pod, running) = with_vm();
        serve(&pod, BEHIND_THE_VM, move |mut stream| {
            let _ = stream.read(&mut [0; 256]);
            let _ = stream.write_all(&greeting("app@laptop"));
            does(stream);
        });
        println!("{what}");
        let ended = hurried(&running, &["--ready"]);
        fails(&ended, 1, part);
        assert!(!ended.stderr.contains("chocolate"));
    }
}

/// Who has the node's port and this name, and counts the bytes that come after the greeting.
pub fn impostor(pod: &Pod, address: &str, name: &'static str) -> &'static AtomicUsize {
    let proved: &AtomicUsize = Box::leak(Box::default());
    serve(pod, address, move |mut stream| {
        let _ = stream.read(&mut [0; 256]);
        let _ = stream.write_all(&greeting(name));
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        proved.fetch_add(rest.len(), Ordering::SeqCst);
    });
    proved
}

#[test]
fn nothing_is_proved_to_who_is_not_of_the_command() {
    let no_vm = "is no VM of this container's command";
    // Another container's process, beside a VM that listens elsewhere.
    let (pod, running) = with_vm_at(5555, 43692);
    epmd(&pod, 43691);
    let proved = impostor(&pod, "0.0.0.0:43691", "app@laptop");
    fails(&probe(&running, &["--ready"]).0, 1, no_vm);
    fails(&probe(&running, &["--app", "x"]).0, 1, no_vm);
    assert_eq!(probe(&running, &["--alive"]).0.code, 0);
    assert_eq!(proved.load(Ordering::SeqCst), 0);

    // One of this container that is not below the command, and calls itself a VM.
    let (pod, running) = empty();
    let pod = pod.program("beam.smp", "relays");
    let vm = running.enter("beam.smp -home . 5555 43692");
    vm.says("ready");
    let below = running.enter(["beam.smp", "-home", ".", "43691", "43692"]);
    below.says("ready");
    is_not_asked(&pod, &running);
}

/// A node behind what calls itself a VM gets no proof.
#[track_caller]
fn is_not_asked(pod: &Pod, running: &Running) {
    epmd(pod, 43691);
    let proved = impostor(pod, BEHIND_THE_VM, "app@laptop");
    let (ended, _) = probe(running, &["--ready"]);
    assert!(
        ended.stdout.contains("not asked whether it is ready"),
        "{ended}"
    );
    assert_eq!(proved.load(Ordering::SeqCst), 0);
}

/// As with `beaminit exec` and hostPID, where PID 1 is the machine's.
#[test]
fn nothing_is_proved_to_a_vm_of_another_container() {
    let pod = laptop()
        .env("SNAME", "app")
        .env("ERLANG_COOKIE", "chocolate")
        .program("beam.smp", "relays");
    let script = "unshare --mount beam.smp -home . 43691 43692 & exec sleep 1000";
    let running = pod.first(["sh", "-c", script]);
    running.says("ready");
    is_not_asked(&pod, &running);
}

#[test]
fn where_who_listens_cannot_be_seen_ready_says_so() {
    let (pod, running) = with_vm();
    let proved = impostor(&pod, BEHIND_THE_VM, "app@laptop");
    let as_another = |words: &[&str]| {
        let user = [
            "setpriv",
            "--reuid",
            "4711",
            "--clear-groups",
            BEAMINIT,
            "probe",
        ];
        running.enter([&user, words].concat().as_slice()).ends()
    };
    let ended = as_another(&["--ready"]);
    let said = "app@laptop is alive (port 43691); not asked whether it is ready: ";
    assert_eq!(ended.code, 0, "{ended}");
    assert!(ended.stdout.starts_with(said), "{ended}");
    assert_eq!(ended.stdout.lines().count(), 1, "{ended}");
    for words in [["--app", "x"], ["--peers", "1"]] {
        fails(&as_another(&words), 1, "not asked whether it is ready");
    }
    assert_eq!(proved.load(Ordering::SeqCst), 0);
}

/// A message between nodes, its length before it: a control message and a term, both with their version byte.
fn message(term: &[u8]) -> Vec<u8> {
    let to_us = b"p\x83h\x03a\x02w\0Xw\x03a@b\0\0\0\x01\0\0\0\0\0\0\0\x05\x83";
    let length = u32::try_from(to_us.len() + term.len()).unwrap();
    [&length.to_be_bytes(), to_us.as_slice(), term].concat()
}

/// A node that knows the cookie, and then says these things, again and again.
fn node_that_says(pod: &Pod, said: &'static [u8]) {
    serve(pod, BEHIND_THE_VM, move |mut stream| {
        let mut bytes = [0; 256];
        let _ = stream.read(&mut bytes);
        let _ = stream.write_all(&greeting("app@laptop"));
        if stream.read_exact(&mut bytes[..23]).is_err() {
            return;
        }
        let challenge = u32::from_be_bytes(bytes[3..7].try_into().unwrap());
        let digest = md5::compute(format!("chocolate{challenge}")).0;
        let _ = stream.write_all(&framed(&[b"a", digest.as_slice()].concat()));
        while !said.is_empty() && stream.write_all(said).is_ok() {}
        let _ = stream.read_to_end(&mut Vec::new());
    });
}

#[test]
fn a_node_that_answers_otherwise() {
    let answers: [(&str, &str, Vec<u8>); 8] = [
        ("nothing", "does not answer a call in time", Vec::new()),
        ("ticks", "does not answer a call in time", vec![0; 4]),
        ("a huge length", "an answer that is too long", vec![0xff; 4]),
        (
            "a long message that never ends",
            "asked for init:get_status",
            [b"\0\x0f\xff\xff".as_slice(), &[b'p'; 64]].concat(),
        ),
        (
            "garbage",
            "does not answer a call in time",
            b"\0\0\0\x04p\x83xx".to_vec(),
        ),
        (
            "an error",
            "init:get_status, could not do what was asked: {'EXIT',no}",
            message(b"h\x02a\x01h\x02w\x06badrpch\x02w\x04EXITw\x02no"),
        ),
        (
            "it stops",
            "app@laptop is stopping",
            message(b"h\x02a\x01h\x02w\x08stoppingw\x07started"),
        ),
        (
            "it starts",
            "app@laptop is still starting (progress)",
            message(b"h\x02a\x01h\x02w\x08startingw\x08progress"),
        ),
    ];
    for (what, part, said) in answers {
        let (pod, running) = with_vm();
        node_that_says(&pod, said.leak());
        println!("{what}");
        let ended = hurried(&running, &["--ready"]);
        fails(&ended, 1, &part.replace('\'', ""));
    }
    let (pod, running) = with_vm();
    node_that_says(
        &pod,
        message(b"h\x02a\x01h\x02w\x07startedw\x07started").leak(),
    );
    let (ended, _) = probe(&running, &["--ready"]);
    assert_eq!(ended.stdout, "app@laptop is ready\n", "{ended}");
}

#[test]
fn strangers_at_epmds_port() {
    type Does = fn(TcpStream);
    let strangers: [(&str, &str, Does); 4] = [
        (
            "another protocol",
            "does not answer as epmd does",
            |mut stream| {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            },
        ),
        (
            "silence",
            "epmd (port 4369) does not answer in time",
            |mut stream| {
                let _ = stream.read_to_end(&mut Vec::new());
            },
        ),
        (
            "no such name",
            "epmd (port 4369) has no node app",
            |mut stream| {
                let _ = stream.read(&mut [0; 64]);
                let _ = stream.write_all(b"w\x01");
            },
        ),
        (
            "another port",
            "is pinned to 43691: another node of this name?",
            |mut stream| {
                let _ = stream.read(&mut [0; 64]);
                let _ = stream.write_all(b"w\0\x11\x11M\0\0\x06\0\x05\0\x03app\0\0");
            },
        ),
    ];
    for (what, part, does) in strangers {
        let (pod, running) = empty();
        serve(&pod, "0.0.0.0:4369", does);
        println!("{what}");
        fails(&hurried(&running, &[]), 1, part);
    }
}

#[test]
fn what_cannot_be_asked() {
    let (_pod, running) = empty();
    for (arguments, code, part) in [
        (&["--verbose"][..], 64, "--verbose"),
        (&["--port", "--ready"], 64, "give one of them"),
        (&["--timeout", "2"], 64, "--timeout"),
        (
            &["--", "sleep", "1"],
            78,
            "starts no node that beaminit knows",
        ),
        (&["--", "nonesuch"], 127, "nonesuch"),
    ] {
        fails(&probe(&running, arguments).0, code, part);
    }
    let bad = [
        "env",
        "ERL_PORT=4369l",
        "BEAMINIT_HOST=pot",
        BEAMINIT,
        "probe",
    ];
    let ended = running.enter(bad).ends();
    fails(&ended, 78, "ERL_PORT is \"4369l\"");
    fails(&ended, 78, "BEAMINIT_HOST is \"pot\"");
    let nameless = ["env", "-u", "SNAME", BEAMINIT, "probe"];
    fails(&running.enter(nameless).ends(), 78, "NAME@HOST");
    // A command that beaminit leaves alone is none to ask.
    let other = Pod::new("laptop").run("sleep 1000");
    other.says("exec");
    fails(
        &other.enter([BEAMINIT, "probe"]).ends(),
        78,
        "starts no node",
    );
}
