//! What the system refuses is said in words of its own, and what it cannot run is not made a script of.

use crate::harness::*;

#[track_caller]
fn is_refused(pod: &Pod, first: &[&str], status: i32, parts: &[&str]) {
    let ended = pod.first(first).ends_with(status);
    let line = ended.stderr.lines().last().unwrap_or_default();
    for part in parts {
        assert!(line.contains(part), "no {part:?}: {ended}");
    }
}

#[test]
fn each_error_of_a_start_has_its_own_cause() {
    for (calls, errno, part) in [
        ("clone,clone3,?fork", "EAGAIN", "pids limit"),
        ("clone,clone3,?fork", "ENOMEM", "out of memory"),
        ("pipe2", "EMFILE", "ulimit -n"),
        ("pipe2", "ENFILE", "fs.file-max"),
    ] {
        let inject = format!("inject={calls}:error={errno}");
        let first = [
            "strace",
            "-o",
            "/dev/null",
            "-e",
            &inject,
            BEAMINIT,
            "--",
            "true",
        ];
        is_refused(
            &Pod::new("laptop"),
            &first,
            71,
            &["cannot start a process", errno, part],
        );
    }
    let few = "ulimit -n 5; exec \"$@\"";
    let first = ["sh", "-c", few, "sh", BEAMINIT, "--", "true"];
    is_refused(&Pod::new("laptop"), &first, 71, &["EMFILE", "ulimit -n"]);
}

#[test]
fn a_program_for_another_processor_is_no_script() {
    // No processor has this number, so that no emulator may be registered for it. elf(5)
    let program = [
        b"\x7fELF\x02\x01\x01".as_slice(),
        &[0; 9],
        &[2, 0, 0xfe, 0xfe],
        &[0; 44],
    ]
    .concat();
    let pod = Pod::new("laptop")
        .file_with_mode("/srv/bin/app", &program, 0o755)
        .file_with_mode("/srv/bin/script", "#!/srv/bin/app\necho started\n", 0o755);
    for (command, part) in [
        ("app", "another processor"),
        ("script", "interpreter of its #! line"),
    ] {
        for mode in ["--", "exec"] {
            let parts = ["Exec format error", command, part, std::env::consts::ARCH];
            is_refused(&pod, &[BEAMINIT, mode, command], 126, &parts);
        }
    }
}

#[test]
fn a_script_with_line_ends_of_windows_is_refused_as_such() {
    let pod = Pod::new("laptop").file_with_mode("/srv/bin/app", "#!/bin/sh\r\nexit\r\n", 0o755);
    let parts = ["cannot run /srv/bin/app", "carriage return", "LF"];
    is_refused(&pod, &[BEAMINIT, "--", "app"], 127, &parts);
}

#[test]
fn a_script_is_called_as_its_path_is_written() {
    let script = "#!/bin/sh\necho \"$0 $*\"\ntr '\\0' ' ' </proc/$$/cmdline\n";
    let pod = Pod::new("laptop").file_with_mode("/srv/bin/app", script, 0o755);
    for command in [
        "cd /srv; \"$@\" ./bin/app one",
        "cd /srv; \"$@\" bin/../bin/app one",
        "\"$@\" /srv//bin/app one",
        "\"$@\" app one",
        "cd /srv; \"$@\" sh -c 'exec bin/app one'",
    ] {
        let of = |init: &[&str]| {
            let first = [&["sh", "-c", command, "sh"], init].concat();
            pod.first(first.as_slice()).ends_with(0).stdout
        };
        let expected = of(&["tini", "--"]);
        assert_eq!(of(&[BEAMINIT, "--"]), expected, "{command}");
        assert_eq!(of(&[BEAMINIT, "exec", "--"]), expected, "{command}");
    }
}

#[test]
fn a_script_without_an_interpreter_is_run_by_the_shell() {
    let pod = Pod::new("laptop").file_with_mode("/srv/bin/app", "echo \"$0 $1\"; exit 3\n", 0o755);
    for init in ["tini", BEAMINIT] {
        let ended = pod.first([init, "--", "app", "argument"]).ends_with(3);
        assert!(ended.stdout.ends_with("app argument\n"), "{ended}");
    }
    let pod = Pod::new("laptop").file_with_mode("/srv/bin/app", "", 0o755);
    pod.run("app").ends_with(0);
}
