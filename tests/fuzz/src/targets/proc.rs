use crate::init::orphans::{Process, read};
use crate::launch::holder::listeners;

/// What comes out of /proc: `/proc/PID/stat` and `/proc/net/tcp`.
pub fn proc(bytes: &[u8]) {
    let text = super::text(bytes);
    if let Some(process) = read(&text) {
        let Process {
            pid,
            parent,
            group,
            name,
        } = &process;
        let again = format!("{pid} ({name}) S {parent} {group} 0 -1");
        assert_eq!(read(&again), Some(process));
    }
    for port in [1, 4369, 43691] {
        let inodes = listeners(&text, port);
        assert!(inodes.len() <= text.lines().count());
        assert!(inodes.is_empty() || text.contains(&format!(":{port:04X}")));
        assert!(inodes.iter().all(|inode| text.contains(inode)));
    }
}
