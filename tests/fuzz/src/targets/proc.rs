use crate::init::orphans::{Process, read};
use crate::system::listeners::listener;

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
        let Some(found) = listener(&text, port) else {
            continue;
        };
        assert!(text.contains(&format!(":{port:04X}")));
        assert!(text.contains(&found.inode.to_string()) && text.contains(&found.uid.to_string()));
    }
}
