//! Cargo's build script: tells the linker where the program begins. See `src/init/entry.rs`.

fn main() {
    println!("cargo:rerun-if-changed=src/build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|processor| processor == "x86_64") {
        println!("cargo:rustc-link-arg-bins=-Wl,--entry=beaminit_entry");
    }
}
