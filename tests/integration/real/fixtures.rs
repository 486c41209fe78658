//! The projects of `tests/projects`, built with the machine's own tools: once, until their sources or Erlang change.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use nix::fcntl::{Flock, FlockArg};

use crate::harness::tests;

/// A release as `mix release` makes it.
pub fn mix_release() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let project = BUILT.get_or_init(|| built("mixapp", &["mix", "release", "--quiet"]));
    project.join("_build/prod/rel/mixapp")
}

/// Which OTP the machine has.
pub fn otp() -> u16 {
    static RELEASE: OnceLock<u16> = OnceLock::new();
    *RELEASE.get_or_init(|| {
        let release = erlang("io:format(\"~s\", [erlang:system_info(otp_release)]), halt().");
        release.parse().expect("a number")
    })
}

/// The same project, compiled for `mix run`.
pub fn mix_project() -> PathBuf {
    mix_release()
        .join("../../../..")
        .canonicalize()
        .expect("the project")
}

/// A release as `rebar3 release` makes it, with relx.
pub fn relx_release() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let project = BUILT.get_or_init(|| built("relxapp", &["rebar3", "release"]));
    project.join("_build/default/rel/relxapp")
}

fn built(name: &str, build: &[&str]) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures");
    fs::create_dir_all(&fixtures).expect("a directory for fixtures");
    let lock = File::create(fixtures.join(format!("{name}.lock"))).expect("a lock");
    let lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, errno)| errno);
    let _locked = lock.expect("the lock");

    let (source, project) = (tests().join("projects").join(name), fixtures.join(name));
    let version = "io:format(\"~s~n\", [erlang:system_info(system_version)]), halt().";
    let stamp = sources(&source) + &erlang(version);
    let stamped = fixtures.join(format!("{name}.stamp"));
    if fs::read_to_string(&stamped).is_ok_and(|old| old == stamp) {
        return project;
    }
    let _ = fs::remove_dir_all(&project);
    run(Command::new("cp").arg("-r").arg(source).arg(&project));
    let home = fixtures.join("home");
    fs::create_dir_all(&home).expect("a home");
    let [program, arguments @ ..] = build else {
        panic!("no command")
    };
    let mut command = Command::new(program);
    run(command
        .args(arguments)
        .current_dir(&project)
        .env("MIX_ENV", "prod")
        .env("HOME", home)
        .env("LANG", "C.UTF-8"));
    // Elixir 1.10 makes a script that its owner alone may run.
    run(Command::new("chmod").arg("-R").arg("a+rX").arg(&project));
    fs::write(stamped, stamp).expect("a stamp");
    project
}

/// All files of a project as one text.
fn sources(directory: &Path) -> String {
    let mut entries: Vec<PathBuf> = fs::read_dir(directory)
        .expect("a project")
        .map(|entry| entry.expect("a file").path())
        .collect();
    entries.sort();
    let text = |path: &PathBuf| {
        if path.is_dir() {
            sources(path)
        } else {
            fs::read_to_string(path).expect("a source")
        }
    };
    entries.iter().map(text).collect()
}

fn erlang(expression: &str) -> String {
    run(Command::new("erl").args(["-noinput", "-boot", "no_dot_erlang", "-eval", expression]))
}

/// Compiles a module of Erlang into this folder.
pub fn compile(source: &Path, folder: &Path) {
    run(Command::new("erlc").arg("-o").args([folder, source]));
}

fn run(command: &mut Command) -> String {
    // A VM that fails would leave its dump among the sources.
    let output = command
        .env("ERL_CRASH_DUMP", "/dev/null")
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{text}{errors}");
    text
}
