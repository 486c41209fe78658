//! Commands that must be exact about signals and processes, and so are written in C: compiled once for all tests.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use crate::harness::*;

/// For a shell: starts `"$@"`, hands TERM on to it, and has its exit status in `$status` when it has ended.
///
/// It may be ready before the shell's next word, so the trap comes first; and a TERM may come before the shell waits or
/// while it does, when the first status is that of the signal. What has ended by then is waited for once more; 127 says that
/// it had been waited for.
pub const HANDS_TERM_ON: &str = "trap 'kill $!' TERM; \"$@\" & while kill -0 $! 2>/dev/null; do wait $!; status=$?; done; \
     wait $!; last=$?; [ $last = 127 ] || status=$last";

/// Each stands in `fakes/NAME.c`, which says what it does.
const FAKES: [&str; 3] = ["takes-signals", "leaves-many", "storms"];

static COMPILED: LazyLock<PathBuf> = LazyLock::new(|| {
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fakes");
    std::fs::create_dir_all(&place).expect("a directory");
    for fake in FAKES {
        let source = tests().join(format!("integration/supervision/fakes/{fake}.c"));
        // Under its name only when it is whole: other tests may be running.
        let fresh = place.join(format!("{fake}-{}", std::process::id()));
        let mut cc = Command::new("cc");
        cc.args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&fresh)
            .arg(source);
        assert!(cc.status().expect("cc starts").success(), "{fake}.c");
        std::fs::rename(&fresh, place.join(fake)).expect("a rename");
    }
    place
});

/// A pod with these fakes in its PATH.
pub fn pod() -> Pod {
    FAKES
        .iter()
        .fold(Pod::new("laptop"), |pod, fake| with(pod, fake, fake))
}

/// The same where this fake is also a program of this name.
pub fn pod_where(fake: &str, name: &str) -> Pod {
    with(pod(), fake, name)
}

fn with(pod: Pod, fake: &str, name: &str) -> Pod {
    pod.copy(&COMPILED.join(fake), &format!("/srv/bin/{name}"))
}

/// The same with a node that does this when it is started; it waits for nothing before.
pub fn pod_with_node(script: &str) -> Pod {
    pod().file_with_mode("/srv/bin/erl", format!("#!/bin/sh\n{script}\n"), 0o755)
}

/// What `takes-signals NAME` said that it took from a PID 1, in that order.
pub fn taken(ended: &Ended, name: &str) -> Vec<i32> {
    let start = format!("{name} takes ");
    let lines = ended.stdout.lines();
    let taken = lines.filter_map(|line| line.strip_prefix(&start)?.split_once(" from 1, "));
    taken
        .map(|(number, _)| number.parse().expect("a number"))
        .collect()
}
