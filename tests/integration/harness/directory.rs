//! A pod's place on the machine that runs the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The directory whose parts a pod sees as /srv, /run, /etc and /dev; removed with the last of its users.
pub struct Directory(pub PathBuf);

impl Directory {
    /// A new, empty one.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{count}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("pods")
            .join(name);
        fs::create_dir_all(&path).expect("a directory for the pod");
        Self(path)
    }

    /// Where a path of the pod lies here.
    pub fn place(&self, path: &str) -> PathBuf {
        let path = path
            .strip_prefix("/var")
            .filter(|rest| rest.starts_with("/run/"))
            .unwrap_or(path);
        let own = ["/srv/", "/run/", "/dev/", "/etc/passwd"]
            .iter()
            .any(|place| path.starts_with(place));
        assert!(own, "{path} would be a path of the machine, not of the pod");
        self.0.join(&path[1..])
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
