//! docs/demo.cast and docs/demo.svg, which docker/record makes of what docker/demo prints.

use std::process::Command;

use crate::harness::tests;

fn text(path: &str) -> String {
    std::fs::read_to_string(tests().join("..").join(path)).expect(path)
}

/// What the cast shows, as one text.
fn shown() -> String {
    let cast = text("docs/demo.cast");
    let mut lines = cast
        .lines()
        .map(|line| serde_json::from_str(line).expect(line));
    let head: serde_json::Value = lines.next().expect("a head");
    assert_eq!(head["version"], 2);
    let mut before = 0.0;
    let mut shown = String::new();
    for event in lines {
        let at = event[0].as_f64().expect("a time");
        assert!(at >= before && event[1] == "o", "{event}");
        before = at;
        shown += event[2].as_str().expect("a text");
    }
    shown
}

#[test]
fn the_recording_is_of_the_demo_as_it_is() {
    let shown = shown();
    let script = text("docker/demo");
    let says = script.lines().filter_map(|line| {
        let text = line.strip_prefix("echo \"")?.strip_suffix('"')?;
        (!text.contains('$')).then_some(text)
    });
    let says: Vec<&str> = says.collect();
    assert!(says.len() > 4, "{says:?}");
    for text in says {
        assert!(
            shown.contains(&format!("{text}\r\n")),
            "no {text:?}: record it again"
        );
    }
    assert!(shown.starts_with("$ docker/demo\r\n"), "{shown}");
    assert!(
        shown.lines().all(|line| line.chars().count() <= 100),
        "{shown}"
    );
}

#[test]
fn the_picture_is_that_of_the_recording() {
    let mut record = Command::new(tests().join("../docker/record"));
    let made = record.arg("svg").output().expect("docker/record");
    let made = String::from_utf8(made.stdout).expect("text");
    assert_eq!(made, text("docs/demo.svg"), "make it again");
    assert!(made.len() < 60_000);
}
