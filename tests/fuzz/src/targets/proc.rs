use crate::system::listeners::socket;
use crate::system::processes::{Process, read};

/// What comes out of /proc: `/proc/PID/stat` and `/proc/net/tcp`.
pub fn proc(bytes: &[u8]) {
    let text = super::text(bytes);
    if let Some(process) = read(&text) {
        let Process {
            pid,
            parent,
            group,
            sleeps,
            name,
        } = &process;
        let state = if *sleeps { 'S' } else { 'R' };
        let again = format!("{pid} ({name}) {state} {parent} {group} 0 -1");
        assert_eq!(read(&again), Some(process));
    }
    for port in [1, 4369, 43691] {
        let Some(found) = socket(&text, port, 0) else {
            continue;
        };
        assert!(text.contains(&format!(":{port:04X}")));
        assert!(text.contains(&found.inode.to_string()) && text.contains(&found.uid.to_string()));
    }
}
