//! README.md and the pages of docs: short enough to be read, all in the book's summary, and every link leads somewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::documents;
use crate::harness::tests;

#[test]
fn no_page_is_too_long() {
    for (document, text) in documents() {
        let limit = if document == "README.md" { 220 } else { 250 };
        let lines = text.lines().count();
        assert!(
            lines <= limit,
            "{document} has {lines} lines, more than {limit}"
        );
    }
}

#[test]
fn the_summary_has_every_page_once_and_the_readme_too() {
    let all = documents();
    let of = |path: &str| {
        &all.iter()
            .find(|(document, _)| document == path)
            .expect(path)
            .1
    };
    let pages: BTreeSet<&str> = all
        .iter()
        .filter_map(|(document, _)| document.strip_prefix("docs/"))
        .filter(|page| *page != "SUMMARY.md")
        .collect();
    let listed = links(of("docs/SUMMARY.md"));
    let names: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(names, pages);
    assert_eq!(listed.len(), names.len(), "a page is there twice");
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let root = tests().join("..");
    let mut all = documents();
    for name in ["kubernetes", "podman", "swarm"] {
        let path = format!("docker/{name}/README.md");
        let text = std::fs::read_to_string(root.join(&path)).expect(&path);
        all.push((path, text));
    }
    let mut seen = 0;
    for (document, text) in &all {
        let folder = Path::new(document).parent().expect("a folder");
        for link in links(text) {
            if link.starts_with("https://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() {
                root.join(document)
            } else {
                root.join(folder).join(path)
            };
            assert!(target.exists(), "{document} links to {link}: no such file");
            // The book has neither the files outside of docs nor their headings.
            let is_page = target
                .extension()
                .is_some_and(|extension| extension == "md");
            let leaves = document.starts_with("docs/") && path.contains('/');
            assert!(
                !(leaves && is_page),
                "{document} links to {link}: that is not in the book"
            );
            if !anchor.is_empty() {
                let anchors = anchors(&target);
                assert!(
                    anchors.contains(anchor),
                    "{document} links to {link}: no such heading"
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 150, "{seen} links");
}

/// What the text outside of its blocks links to.
fn links(text: &str) -> Vec<String> {
    let outside: String = text.split("\n```").step_by(2).collect();
    let targets = outside.split("](").skip(1);
    let targets = targets.map(|rest| rest.split(')').next().expect("its end").to_owned());
    targets.collect()
}

/// The anchors that a forge and mdBook give the headings of a page.
fn anchors(page: &PathBuf) -> BTreeSet<String> {
    let text = std::fs::read_to_string(page).expect("a page");
    let outside: String = text.split("\n```").step_by(2).collect();
    let headings = outside
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let anchor = |heading: String| {
        let is_kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
        let kept = heading.chars().filter(is_kept);
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}
