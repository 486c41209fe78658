//! docs/inside.md draws the tree of src as it is, and imports point upwards in it.

use std::path::{Path, PathBuf};

use crate::harness::tests;

/// What is beside the tree: entry points, and what the linker is told.
const BESIDE: [&str; 6] = [
    "bin",
    "build.rs",
    "help.txt",
    "lib.rs",
    "main.rs",
    "release.ld",
];

fn src() -> PathBuf {
    tests().join("../src")
}

/// The rooms in their order, as the document has them: `system/`, `error.rs`.
fn rooms() -> Vec<String> {
    let text = std::fs::read_to_string(tests().join("../docs/inside.md")).expect("inside.md");
    let (_, tree) = text.split_once("```\nsrc/\n").expect("the tree");
    let (tree, _) = tree.split_once("```").expect("its end");
    let names = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names.map(ToOwned::to_owned).collect()
}

#[test]
fn the_tree_is_drawn_as_it_is() {
    let mut drawn = rooms();
    drawn.sort_unstable();
    let entries = std::fs::read_dir(src()).expect("src").flatten();
    let names = entries.map(|entry| {
        let name = entry.file_name().into_string().expect("a name");
        let slash = if entry.path().is_dir() { "/" } else { "" };
        (name.clone(), name + slash)
    });
    let mut found: Vec<String> = names
        .filter(|(name, _)| !BESIDE.contains(&name.as_str()))
        .map(|(_, drawn)| drawn)
        .collect();
    found.sort_unstable();
    assert_eq!(drawn, found);
}

#[test]
fn imports_point_upwards() {
    let rooms = rooms();
    let module = |room: &str| {
        room.trim_end_matches('/')
            .trim_end_matches(".rs")
            .to_owned()
    };
    let order: Vec<String> = rooms.iter().map(|room| module(room)).collect();
    let mut seen = 0;
    for (at, room) in rooms.iter().enumerate() {
        for file in sources(&src().join(room)) {
            let text = std::fs::read_to_string(&file).expect("a source");
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
            for path in code.split("crate::").skip(1) {
                let used: String = path
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                let above = order.iter().position(|other| *other == used);
                let above = above.unwrap_or_else(|| panic!("{} uses {used}", file.display()));
                assert!(
                    above <= at,
                    "{} imports {used}, which is below it",
                    file.display()
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "{seen} imports");
}

/// The sources of a room, those of its tests left out.
fn sources(room: &Path) -> Vec<PathBuf> {
    if !room.is_dir() {
        return vec![room.to_owned()];
    }
    let entries = std::fs::read_dir(room).expect("a room").flatten();
    let mut all = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        let is_test = path.ends_with("tests.rs") || path.ends_with("properties.rs");
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if path.is_dir() {
            all.extend(sources(&path));
        } else if is_source && !is_test {
            all.push(path);
        }
    }
    all
}
