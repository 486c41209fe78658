#![allow(clippy::unwrap_used)]
use super::*;

const WANTED: [&str; 3] = ["A", "B", "C"];

fn ask(text: &str) -> ShellAnswer {
    let query = ShellQuery {
        file: "/nowhere/env.sh".into(),
        interpreter: vec!["/bin/sh".into()],
        text: text.into(),
        script: Path::new("/bin/app"),
        arguments: &["start".into()],
        environment: &Environment(vec![
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("A".into(), "one".into()),
            ("B".into(), "two".into()),
        ]),
    };
    query.ask(&WANTED).unwrap()
}

#[test]
fn the_shell_prints_its_variables() {
    for (text, a, b, c) in [
        ("", Some("one"), Some("two"), None),
        (
            "A=1; unset B; C=\"$0 $1\"",
            Some("1"),
            None,
            Some("/bin/app start"),
        ),
        (
            "set -eu; A=$(echo \"a\nb\"); echo noise",
            Some("a\nb"),
            Some("two"),
            None,
        ),
        ("command export A=evil", Some("evil"), Some("two"), None),
        ("B=${B:-x} C=${C:-y}", Some("one"), Some("two"), Some("y")),
        ("sleep 100 & A=x", Some("x"), Some("two"), None),
        ("A=", None, Some("two"), None),
        ("A=x; exit 3", Some("one"), Some("two"), None),
        ("set -e; A=x; false", Some("one"), Some("two"), None),
    ] {
        let answer = ask(text);
        let values = WANTED.map(|name| answer.value(name));
        assert_eq!(values, [a, b, c], "{text}");
    }
}

#[test]
fn waits_for_no_other_program() {
    for text in ["exec sleep 100", "exec env A=x sh -c 'sleep 100'"] {
        let began = Instant::now();
        let answer = ask(text);
        assert_eq!(answer.value("A"), Some("one"));
        assert!(!answer.is_known(), "{text}");
        let warning = answer.warning().unwrap_or_default();
        assert!(warning.contains("with exec"), "{text}: {warning}");
        assert!(began.elapsed() < LIMIT, "{text}");
    }
    assert!(ask("exec 2>/dev/null; sleep 0.1; A=x").is_known());
}

#[test]
fn knows_which_values_a_file_keeps() {
    let answer = ask("A=x B=${B:-y}");
    assert!(answer.keeps("B", "anything") && answer.keeps("C", "z"));
    assert!(answer.keeps("A", "x") && !answer.keeps("A", "one"));
    assert!(answer.assigns("A") && !answer.assigns("B"));
    assert!(!ask("exit 0").keeps("B", "two"), "nothing is known");
}

#[test]
fn reads_the_interpreter_and_the_part_of_the_script() {
    for (text, expected) in [
        ("#!/bin/sh\nx", "/bin/sh"),
        ("#! /bin/bash -e\n", "/bin/bash|-e"),
        ("#!/usr/bin/env -S bash -e", "/usr/bin/env|-S bash -e"),
        ("#!\n", ""),
    ] {
        let words = interpreter(text).unwrap_or_default().join("|".as_ref());
        assert_eq!(words, expected, "{text}");
    }
    let script = "/bin/sh\nset -e\n[ -f x ] && . \"$DIR/other\"\n. \"$DIR/env.sh\"\nexec x";
    let part = "set -e\n[ -f x ] && . \"$DIR/other\"\n. \"$DIR/env.sh\"";
    assert_eq!(up_to_source(script, "env.sh").as_deref(), Some(part));
    assert_eq!(up_to_source("echo . env.sh", "env.sh"), None);
}
