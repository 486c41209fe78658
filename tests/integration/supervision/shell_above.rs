//! A shell that is PID 1 above beaminit passes no signal on: that is said where it is so, and nowhere else.

use super::fakes;
use crate::harness::*;

const WARNING: &str = "PID 1 is a shell";
/// Something behind it, so that no shell becomes its last command.
const RUNS: &str = "\"$@\"; status=$?; exit $status";

/// Runs a shell as PID 1 with this script; `"$@"` is beaminit with a command that ends at once.
fn ended(pod: &Pod, shell: &[&str], script: &str) -> Ended {
    let command = [BEAMINIT, "--", "sh", "-c", "exit 3"];
    pod.first([shell, &["-c", script, "sh"], &command].concat().as_slice())
        .ends_with(3)
}

#[test]
fn a_shell_is_warned_of() {
    for shell in ["sh", "bash", "/bin/dash"] {
        let ended = ended(&fakes::pod(), &[shell], RUNS);
        let name = shell.rsplit('/').next().unwrap();
        assert!(
            ended.stderr.contains(&format!("{WARNING} ({name})")),
            "{ended}"
        );
        assert!(ended.stderr.contains("exec form"), "{ended}");
    }
    let script = "#!/bin/sh\n/run/beaminit -- true\nexit 3\n";
    let pod = fakes::pod().file_with_mode("/srv/entrypoint", script, 0o755);
    let ended = pod.first("/srv/entrypoint").ends_with(3);
    assert!(ended.stderr.contains(WARNING), "{ended}");
    // As tini does.
    let ended = fakes::pod()
        .first(["sh", "-c", "tini -- true; :"])
        .ends_with(0);
    assert!(ended.stderr.contains("not running as PID 1"), "{ended}");
}

#[test]
fn nothing_else_is() {
    let silent = |pod: &Pod, shell: &[&str], script: &str| {
        let ended = ended(pod, shell, script);
        assert!(ended.stderr.contains("exec "), "the log is there: {ended}");
        assert!(
            !ended.stderr.contains(WARNING),
            "{shell:?} {script}: {ended}"
        );
    };
    let pod = fakes::pod();
    silent(&pod, &["sh"], "exec \"$@\"");
    silent(&pod, &["sh"], &format!("trap 'kill $!' TERM; {RUNS}"));
    silent(&pod, &["tini", "--", "sh"], RUNS);
    silent(&pod, &["tini", "--", "sh"], "exec \"$@\"");
    silent(&pod, &["sh"], &format!("sh -c '{RUNS}' sh \"$@\"; exit $?"));
    silent(
        &pod,
        &["sh"],
        "\"$1\" exec \"$2\" \"$3\" \"$4\" \"$5\"; exit $?",
    );
}

#[test]
fn nor_where_a_person_sits_or_another_process_enters() {
    let pod = fakes::pod().input(Input::Terminal);
    let ended = ended(&pod, &["sh"], RUNS);
    assert!(ended.stdout.contains("beaminit: exec "), "{ended}");
    assert!(!ended.stdout.contains(WARNING), "{ended}");
    let running = fakes::pod().first(["sh", "-c", "takes-signals fake; :"]);
    running.says("fake is ready");
    let ended = running.enter([BEAMINIT, "--", "true"]).ends_with(0);
    assert!(ended.stderr.contains("beaminit: exec "), "{ended}");
    assert!(!ended.stderr.contains(WARNING), "{ended}");
}
