//! Cargo's build script: tells the linker where the program begins (see `src/init/entry.rs`) and what a release does without
//! (`src/release.ld`), and `--version` which commit this is.
//!
//! <https://doc.rust-lang.org/cargo/reference/build-scripts.html>

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-changed=Cargo.toml");
    println!("cargo:rerun-if-changed=Cargo.lock");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|processor| processor == "x86_64") {
        println!("cargo:rustc-link-arg-bin=beaminit=-Wl,--entry=beaminit_entry");
    }
    let is = |variable, wanted: &str| {
        std::env::var(variable).is_ok_and(|value| value.split(',').any(|word| word == wanted))
    };
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bins=-Wl,--script={folder}/src/release.ld");
    }
    // `cargo install` reads no .cargo/config.toml, where the flags are that the binary needs.
    if is("PROFILE", "release") && !is("CARGO_CFG_TARGET_FEATURE", "crt-static") {
        println!(
            "cargo:warning=this beaminit will not be static, and will not run FROM scratch; \
             set RUSTFLAGS='-C target-feature=+crt-static -C relocation-model=static --cfg getrandom_backend=\"linux_getrandom\"' and give --target"
        );
    }
    let commit = of_package().or_else(of_checkout);
    let variable = |name| std::env::var(name).unwrap_or_default();
    let version = variable("CARGO_PKG_VERSION");
    let target = variable("TARGET");
    let full = std::env::var_os("CARGO_FEATURE_FULL").map_or("", |_| "\"full\"");
    let quoted = commit
        .as_ref()
        .map_or("null".into(), |commit| format!("\"{commit}\""));
    println!(
        "cargo:rustc-env=BEAMINIT_BUILD=\"version\":\"{version}\",\"commit\":{quoted},\"target\":\"{target}\",\"features\":[{full}]"
    );
    let version = commit.map_or(version.clone(), |commit| format!("{version} ({commit})"));
    println!("cargo:rustc-env=BEAMINIT_VERSION={version}");
}

/// That of the checkout, if it is this package's: an unpacked crate may be in a folder of another repository.
fn of_checkout() -> Option<String> {
    let top = PathBuf::from(git(&["rev-parse", "--show-toplevel"])?);
    if top.canonicalize().ok()? != Path::new(".").canonicalize().ok()? {
        return None;
    }
    // A moved HEAD is written there, whether by a commit or by a checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo:rerun-if-changed={log}");
    let describe = "describe --always --dirty --abbrev=12 --exclude=*";
    git(&describe.split(' ').collect::<Vec<_>>())
}

/// What git says; `None` where this is no checkout, or there is no git.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// The commit in the file that `cargo package` adds.
fn of_package() -> Option<String> {
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = text.split_once("\"sha1\": \"")?;
    Some(rest.split('"').next()?.get(..12)?.to_owned())
}
