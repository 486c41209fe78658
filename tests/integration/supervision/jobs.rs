//! As a job of a shell that controls jobs: it stops, continues and stays in the background as the command alone would.

use super::fakes;
use crate::harness::*;

/// Says back what it reads, so that an answer is not an echo.
const ANSWERS: &str = "/run/beaminit -- sed -u 's/^/answer: /'";

/// A shell with job control at a terminal.
struct Shell(Running);

impl Shell {
    fn new() -> Self {
        let pod = fakes::pod().env("PS1", "prompt> ").input(Input::Terminal);
        let shell = pod.first("bash --norc --noprofile --noediting -i");
        // Until then the pod has the machine's /proc, and others' processes in it.
        shell.prompts("prompt> ");
        Self(shell)
    }

    fn types(&mut self, line: &str) {
        self.0.types(line);
        self.0.types("\n");
    }

    /// It answers: it has the terminal.
    #[track_caller]
    fn has_the_terminal(&mut self, when: &str) {
        self.types(&format!("echo shell: $((6 * 7)) {when}"));
        self.0.says(&format!("shell: 42 {when}"));
    }

    /// Presses Ctrl-C at the prompt; what is typed before the next one may be lost.
    #[track_caller]
    fn is_interrupted(&mut self) {
        let transcript = self.0.transcript().clone();
        let prompts = || {
            let lines = transcript.lines();
            lines
                .iter()
                .filter(|line| line.text.contains("prompt> "))
                .count()
        };
        let before = prompts();
        self.0.types("\x03");
        eventually("the shell prompts again", || prompts() > before);
    }

    /// Beaminit and its command are in these states; `-` is for one that has gone.
    #[track_caller]
    fn has_the_job(&self, command: &str, wanted: [char; 2]) {
        let state = |name| self.0.inmate(name).map_or('-', |inmate| inmate.state);
        let states = || ["beaminit", command].map(state);
        let what = format!("beaminit and {command} in {wanted:?}");
        println!(
            "{what}, from {:?}, after\n{}",
            states(),
            self.0.transcript()
        );
        eventually(&what, || states() == wanted);
    }
}

#[test]
fn ctrl_z_stops_the_job_and_fg_continues_it() {
    let mut shell = Shell::new();
    shell.types(ANSWERS);
    shell.types("zero");
    shell.0.says("answer: zero");
    for again in ["one", "two"] {
        shell.has_the_job("sed", ['S', 'S']);
        shell.0.types("\x1a");
        shell.has_the_job("sed", ['T', 'T']);
        shell.has_the_terminal(&format!("before {again}"));
        shell.types("fg");
        shell.types(again);
        shell.0.says(&format!("answer: {again}"));
    }
    shell.0.types("\x04");
    shell.has_the_job("sed", ['-', '-']);
    shell.has_the_terminal("at the end");
}

#[test]
fn fg_continues_the_job_once_so_that_the_next_ctrl_z_is_not_undone() {
    let mut shell = Shell::new();
    shell.types(ANSWERS);
    shell.types("zero");
    shell.0.says("answer: zero");
    for again in 0..40 {
        // At the very moment of the answer.
        shell.0.types("\x1a");
        shell.has_the_job("sed", ['T', 'T']);
        shell.types("fg");
        shell.types(&format!("again {again}"));
        shell.0.says(&format!("answer: again {again}"));
    }
}

#[test]
fn ctrl_c_ends_the_job_and_not_the_shell() {
    let mut shell = Shell::new();
    shell.types(ANSWERS);
    shell.types("zero");
    shell.0.says("answer: zero");
    shell.0.types("\x03");
    shell.has_the_job("sed", ['-', '-']);
    shell.types("echo status $?");
    shell.0.says("status 130");
}

#[test]
fn bg_continues_a_stopped_job_and_leaves_the_terminal_to_the_shell() {
    let mut shell = Shell::new();
    shell.types("/run/beaminit -- sleep 1000");
    shell.has_the_job("sleep", ['S', 'S']);
    shell.0.types("\x1a");
    shell.has_the_job("sleep", ['T', 'T']);
    shell.has_the_terminal("after the stop");
    shell.types("bg");
    shell.has_the_job("sleep", ['S', 'S']);
    shell.has_the_terminal("after bg");
}

#[test]
fn a_job_started_in_the_background_leaves_the_terminal_to_the_shell() {
    let mut shell = Shell::new();
    shell.types("/run/beaminit -- takes-signals fake 15 3 &");
    shell.0.says("fake is ready");
    shell.has_the_terminal("after the start");
    shell.is_interrupted();
    shell.has_the_terminal("after ctrl-c");
    shell.types("kill %1");
    let taken = shell.0.says("fake takes ").text;
    assert!(taken.contains("takes 15 "), "{taken}");
    shell.has_the_job("takes-signals", ['-', '-']);
    shell.has_the_terminal("at the end");
}

#[test]
fn a_job_that_reads_in_the_background_is_stopped_until_fg() {
    let mut shell = Shell::new();
    shell.types(&format!("{ANSWERS} &"));
    shell.has_the_job("sed", ['T', 'T']);
    shell.has_the_terminal("after the stop");
    shell.types("fg");
    shell.types("one");
    shell.0.says("answer: one");
}

#[test]
fn a_stopped_job_can_be_ended() {
    let mut shell = Shell::new();
    shell.types(ANSWERS);
    shell.types("zero");
    shell.0.says("answer: zero");
    shell.0.types("\x1a");
    shell.has_the_job("sed", ['T', 'T']);
    shell.types("kill %1");
    shell.has_the_job("sed", ['-', '-']);
    shell.has_the_terminal("at the end");
}
