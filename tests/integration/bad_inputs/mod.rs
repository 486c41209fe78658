//! What is wrong is said before anything is done: one line for each mistake, with the variable's real name and the value
//! seen, and an exit status that tells usage from configuration. Nothing is started.

mod commands;
mod cookies;
mod last_words;
mod names;
mod secrets;
mod together;
mod values;

use crate::clusters::*;
use crate::harness::*;

const USAGE: i32 = 64;
const CONFIG: i32 = 78;

/// A pod in good order, but for what a test changes; whatever it starts leaves a mark.
fn sound_pod() -> Pod {
    // Whatever is wrongly taken for sound is not waited for long.
    let pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "1s");
    ["erl", "elixir", "iex", "mix"]
        .into_iter()
        .fold(pod, |pod, program| pod.program(program, "marks"))
}

/// The same without a cookie.
fn cookieless_pod() -> Pod {
    sound_pod().without("ERLANG_COOKIE")
}

/// The error lines of a start that failed before it began.
#[track_caller]
fn errors_of(pod: &Pod, ended: &Ended) -> Vec<String> {
    assert!(
        !pod.place("/srv/started").exists(),
        "something was started:\n{ended}"
    );
    assert_eq!(
        ended.stdout, "",
        "standard output is the command's: {ended}"
    );
    let errors = ended
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("beaminit: error: "));
    errors.map(str::to_owned).collect()
}

/// Runs beaminit with these arguments and variables: it must end like this, with one error line that holds all these parts.
#[track_caller]
fn refused(arguments: &str, env: &[(&str, &str)], code: i32, parts: &[&str]) {
    let pod = env
        .iter()
        .fold(sound_pod(), |pod, (name, value)| pod.env(name, value));
    refused_in(&pod, arguments, code, parts, &format!("{env:?}"));
}

/// The same of a pod that is wrong in ways of its own; `row` says which.
#[track_caller]
fn refused_in(pod: &Pod, arguments: &str, code: i32, parts: &[&str], row: &str) {
    let ended = pod.beaminit(arguments).ends();
    let errors = errors_of(pod, &ended);
    let seen = format!("beaminit {arguments} with {row}: {ended}");
    assert_eq!(ended.code, code, "{seen}");
    assert_eq!(errors.len(), 1, "{seen}");
    for part in parts {
        assert!(errors[0].contains(part), "no {part:?} from {seen}");
    }
}
