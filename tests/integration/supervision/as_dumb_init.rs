//! What dumb-init's own tests ask of it, asked of both: of the binary alone, by numbers that no C library is asked for.
//!
//! Left out are its `--single-child` and its TERM to the group when a command ends by itself: docs/upgrading.md.
//! <https://github.com/Yelp/dumb-init/tree/master/tests>

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::fakes;
use super::observed::{children, status};
use crate::harness::*;

const INITS: [&[&str]; 2] = [&["dumb-init", "--"], &[BEAMINIT, "--"]];
const KILL: i32 = 9;
const CHLD: i32 = 17;
const CONT: i32 = 18;
const STOP: i32 = 19;
/// TSTP, TTIN and TTOU.
const SUSPEND: [i32; 3] = [20, 21, 22];

/// As PID 1.
fn first(pod: &Pod, init: &[&str], command: &[&str]) -> Running {
    pod.first([init, command].concat().as_slice())
}

/// As any process, outside a container.
fn under_another(pod: &Pod, init: &[&str], command: &[&str]) -> Running {
    pod.first([&["tini", "--"], init, command].concat().as_slice())
}

/// By its pid as the tests count.
fn send(pid: i32, signal: i32) {
    // SAFETY: kill takes two integers.
    assert_eq!(unsafe { nix::libc::kill(pid, signal) }, 0);
}

#[test]
fn ends_as_its_command() {
    for init in INITS {
        for status in [0, 1, 2, 32, 64, 127, 254, 255] {
            let script = format!("exit {status}");
            first(&fakes::pod(), init, &["sh", "-c", &script]).ends_with(status);
        }
        for signal in [1, 2, 3, 6, KILL, 11, 15] {
            let script = format!("kill -{signal} $$");
            under_another(&fakes::pod(), init, &["sh", "-c", &script]).ends_with(128 + signal);
        }
    }
}

#[test]
fn a_command_that_cannot_be_run_is_an_error_that_names_it() {
    for init in INITS {
        let ended = first(&fakes::pod(), init, &["/srv/nonesuch"]).ends();
        assert!(
            ended.code != 0 && ended.stderr.contains("/srv/nonesuch"),
            "{ended}"
        );
    }
}

#[test]
fn forwards_every_signal_to_the_whole_group() {
    let script = "takes-signals member 64 & exec takes-signals leader 64";
    for init in INITS {
        let running = first(&fakes::pod(), init, &["sh", "-c", script]);
        for name in ["leader", "member"] {
            running.says(&format!("{name} is ready"));
        }
        let job_control =
            |signal: &i32| [KILL, CHLD, STOP].contains(signal) || SUSPEND.contains(signal);
        for signal in (1..32).filter(|signal| !job_control(signal)) {
            running.signal_number(signal);
            for name in ["leader", "member"] {
                running.says(&format!("{name} takes {signal} from 1,"));
            }
        }
    }
}

#[test]
fn rewrites_and_drops_signals() {
    let dumb_init = ["dumb-init", "-r", "10:12", "-r", "1:0", "--"];
    let pod = fakes::pod().env("BEAMINIT_SIGNALS", "USR1=USR2,HUP=");
    for init in [&dumb_init[..], &[BEAMINIT, "--"]] {
        let running = first(&pod, init, &["takes-signals", "fake"]);
        running.says("fake is ready");
        running.signal_number(10);
        running.says("fake takes 12 from 1, 1 in all");
        running.signal_number(1);
        running.signal_number(15);
        running.says("fake takes 15 from 1, 2 in all");
        running.ends_with(0);
    }
}

#[test]
fn reaps_what_is_not_its_own() {
    let script = "for i in 1 2 3; do (setsid sh -c 'true &' &); done; exec takes-signals fake";
    for init in INITS {
        let running = first(&fakes::pod(), init, &["sh", "-c", script]);
        running.says("fake is ready");
        eventually("none but the command is left", || {
            running.inmates().len() == 2 && running.zombies().is_empty()
        });
    }
}

#[test]
fn is_in_the_root_while_its_command_stays_where_it_was() {
    // Dumb-init leaves at the same time as its command starts.
    let script = "until [ \"$(readlink /proc/$PPID/cwd)\" = / ]; do :; done; readlink /proc/$$/cwd";
    for init in INITS {
        let ended = under_another(&fakes::pod(), init, &["sh", "-c", script]).ends_with(0);
        assert_eq!(ended.stdout, "/srv\n");
    }
}

#[test]
fn its_command_has_the_terminal() {
    for init in INITS {
        let pod = fakes::pod().input(Input::Terminal);
        let mut shell = first(&pod, init, &["bash", "--norc", "--noprofile", "-m"]);
        shell.types("echo \"flags [$-]\"; sleep 1000\n");
        let flags = shell.writes("its flags", |line| line.text.starts_with("flags ["));
        assert!(flags.text.contains('m'), "{}", flags.text);
        eventually("the job runs", || shell.inmate("sleep").is_some());
        shell.types("\x03");
        eventually("the job has ended", || shell.inmate("sleep").is_none());
        shell.types("echo \"status $?\"\n");
        shell.says("status 130");
        shell.types("exit 5\n");
        shell.ends_with(5);
    }
}

#[test]
fn stops_as_its_command_and_goes_on_with_it() {
    for init in INITS {
        let running = under_another(&fakes::pod(), init, &["takes-signals", "fake"]);
        running.says("fake is ready");
        let pid = children(running.pid())[0];
        let command = children(pid)[0];
        let are = |state: &str| {
            let is = |pid| status(pid, "State:").starts_with(state);
            eventually(&format!("{init:?} and its command are {state}"), || {
                is(pid) && is(command)
            });
        };
        for (count, signal) in (1..).zip(SUSPEND) {
            are("S");
            send(pid, signal);
            are("T");
            send(pid, CONT);
            let start = format!("fake takes {CONT} from ");
            let last = format!(", {count} in all");
            running.writes("the continuation", |line| {
                line.text.starts_with(&start) && line.text.ends_with(&last)
            });
        }
        // What has come meanwhile is taken then.
        send(pid, SUSPEND[0]);
        are("T");
        kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
        send(pid, CONT);
        running.says("fake takes 15 from ");
        running.ends_with(0);
    }
}

#[test]
fn a_command_that_ends_by_itself_takes_nobody_of_its_group_with_it() {
    // The decision: dumb-init tells the group TERM.
    for (init, signals) in INITS.into_iter().zip([2, 1]) {
        let command = [
            "sh",
            "-c",
            "takes-signals member 64 & read -r line </srv/said; exit 3",
        ];
        let script = "mkfifo /srv/said; \"$@\"; echo \"status $?\"; exec sleep 1000";
        let running = fakes::pod().first(
            [&["sh", "-c", script, "sh"], init, &command]
                .concat()
                .as_slice(),
        );
        running.says("member is ready");
        running.enter(["sh", "-c", "echo >/srv/said"]).ends_with(0);
        running.says("status 3");
        let member = running.inmate("takes-signals").expect("the member").pid;
        running
            .enter(["kill", "-USR1", &member.to_string()])
            .ends_with(0);
        let taken = running.says("member takes 10 from ").text;
        assert!(
            taken.ends_with(&format!(", {signals} in all")),
            "{init:?}: {taken}"
        );
    }
}
