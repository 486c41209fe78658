//! The corpus as a test: what was once worth keeping, through today's targets.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::targets::ALL;

/// Every file of every target; a target without a corpus, and a corpus without a target, fail too.
pub fn all() -> ExitCode {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let mut failed = Vec::new();
    let mut folders: BTreeSet<PathBuf> = inside(&corpus).into_iter().collect();
    for (name, target) in ALL {
        let folder = corpus.join(name);
        folders.remove(&folder);
        let files = inside(&folder);
        println!("fuzz target {name}: {} files", files.len());
        if files.is_empty() {
            failed.push(folder);
        }
        for file in files {
            let bytes = fs::read(&file).unwrap();
            if catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err() {
                failed.push(file);
            }
        }
    }
    failed.extend(folders);
    for path in &failed {
        println!("FAILED: {}", path.display());
    }
    ExitCode::from(u8::from(!failed.is_empty()))
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
