//! Where the command's private files are, and who can read them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::clusters::*;
use crate::harness::*;
use crate::real::cookie_files::with_secret;
use crate::real::{NODE, SPEAK, clustered, fixtures};

const RELX: &str = "/srv/relxapp/bin/relxapp";

/// All places where such a file may be but the host's own, which are read-only.
const HOSTS: &str = "mount --bind /var/tmp /var/tmp; mount -o remount,bind,ro /var/tmp; ";

fn pod() -> Pod {
    Pod::new("app-0")
        .env("SNAME", "app")
        .env("BEAMINIT_HOST", "ip")
        .env("ERLANG_COOKIE", "chocolate")
        .env("BEAMINIT_COOKIE_VIA", "file")
        .program("erl", "exits")
}

/// Runs `erl` after these shell commands.
fn erl_after(pod: &Pod, script: &str) -> Ended {
    let script = format!("{HOSTS}{script}exec {BEAMINIT} -- erl 0");
    pod.first(["sh", "-c", &script]).ends()
}

/// The folder that the command of a debug log is led to.
fn folder(ended: &Ended) -> &str {
    let lines = ended.stderr.lines();
    let mut set = lines.filter_map(|line| line.strip_prefix("beaminit: debug: set      HOME="));
    set.next().unwrap_or_else(|| panic!("no folder in {ended}"))
}

#[test]
fn a_place_of_this_container_alone_comes_first() {
    let pod = pod().env("BEAMINIT_LOG", "debug");
    let ro = |place: &str| format!("mount -o remount,ro /{place}; ");
    for (script, place, is_shared) in [
        (String::new(), "/run", false),
        (ro("run"), "/tmp", false),
        // An emptyDir.
        (ro("run") + "chmod 0777 /tmp; ", "/tmp", false),
        (ro("run") + &ro("tmp"), "/dev/shm", true),
    ] {
        let ended = erl_after(&pod, &script);
        assert_eq!(ended.code, 0, "{ended}");
        let expected = format!("{place}/beaminit-0/app@10.1.2.3");
        assert_eq!(folder(&ended), expected, "{ended}");
        let warnings = ended
            .stderr
            .matches("warning: the command's private files")
            .count();
        assert_eq!(warnings, usize::from(is_shared), "{ended}");
    }
}

#[test]
fn a_folder_of_another_users_is_passed_over() {
    let pod = pod().env("BEAMINIT_LOG", "debug");
    for others in [
        "mkdir /run/beaminit-0; chown 12345 /run/beaminit-0; ",
        "mkdir -m 0755 /run/beaminit-0; ",
        "ln -s /srv /run/beaminit-0; ",
        "echo >/run/beaminit-0; ",
    ] {
        let ended = erl_after(&pod, others);
        assert_eq!(ended.code, 0, "{others}: {ended}");
        let (own, name) = folder(&ended).rsplit_once('/').unwrap();
        assert_eq!(name, "app@10.1.2.3");
        let chance = own
            .strip_prefix("/run/beaminit-0-")
            .unwrap_or_else(|| panic!("{own}"));
        assert_eq!(chance.len(), 8, "{own}");
    }
}

#[test]
fn a_place_that_fails_is_not_the_last() {
    // What a relx script writes beside its vm.args is a file; so is that of a daemon.
    let relx = pod()
        .env("BEAMINIT_COOKIE_VIA", "arg")
        .env("BEAMINIT_LOG", "debug")
        .release("relx-release", "/srv/relxapp");
    let full = "mount -o remount,ro /run; mount -t tmpfs -o size=4k tmpfs /tmp; head -c 4096 /dev/zero >/tmp/full; ";
    let script = format!("{HOSTS}{full}exec {BEAMINIT} -- {RELX} daemon");
    let ended = relx.first(["sh", "-c", &script]).ends_with(0);
    let args = "set      VMARGS_PATH=/dev/shm/beaminit-0/app@10.1.2.3/relxapp.vm.args";
    assert!(ended.stderr.contains(args), "{ended}");

    let none = "mount -t tmpfs -o nr_inodes=1 tmpfs /tmp; rm -r /dev/shm; touch /dev/shm; \
                mount -o remount,ro /run; ";
    let none = format!("mount -o remount,rw /dev; umount /dev/shm; {none}");
    let ended = erl_after(&pod(), &none);
    assert_eq!(ended.code, 71, "{ended}");
    assert_eq!(
        ended.stderr,
        "beaminit: error: no folder to write .erlang.cookie in: /run (Read-only file system), /tmp (No space left on device), /var/tmp (Read-only file system), /dev/shm (Not a directory); mount an emptyDir or tmpfs at /tmp\n"
    );
}

#[test]
fn without_proc_it_is_a_plain_file() {
    let shows = "#!/bin/sh\nstat -c %F:%a \"$HOME/.erlang.cookie\"; cat \"$HOME/.erlang.cookie\"\n";
    let pod = pod().file_with_mode("/srv/bin/erl", shows, 0o755);
    for (script, kind) in [
        ("", "symbolic link:777"),
        ("mount -t tmpfs none /proc; ", "regular file:400"),
    ] {
        let ended = erl_after(&pod, script);
        assert_eq!(ended.stdout, format!("{kind}\nchocolate\n"), "{ended}");
    }
}

#[test]
fn another_user_reads_what_is_in_memory_alone() {
    let pod = pod()
        .env("BEAMINIT_COOKIE_VIA", "arg")
        .file(
            "/etc/passwd",
            "root:x:0:0::/root:/bin/sh\napp:x:1234:1234::/srv:/bin/sh\n",
        )
        .release("relx-release", "/srv/relxapp");
    let all = "for place in run tmp dev/shm; do mount -o remount,ro /$place; done; ";
    for script in [all, ""] {
        let command = format!("{BEAMINIT} -- setpriv --reuid=app --clear-groups {RELX} foreground");
        let script = format!("{HOSTS}{script}exec {command}");
        let ended = pod.first(["sh", "-c", &script]).ends_with(0);
        assert!(
            ended.stdout.contains("vm.args -setcookie chocolate"),
            "{ended}"
        );
    }
}

#[test]
fn another_user_whose_command_stays_reads_them() {
    let script = "#!/bin/sh
# Debian's own runs `su rabbitmq -s /bin/sh -c /usr/lib/rabbitmq/bin/rabbitmq-server`, and waits.
setpriv --reuid=rabbitmq --clear-groups sh -c 'for word in $RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS; do :; done; cat $word'
true
";
    let pod = pod()
        .env("BEAMINIT_TLS", "/run/tls")
        .file("/etc/passwd", "rabbitmq:x:1234:1234::/srv:/bin/sh\n")
        .file_with_mode("/srv/bin/rabbitmq-server", script, 0o755);
    let pod = Authority::new().fill(pod, "/run/tls", &Certificate::of(&["10.1.2.3"]));
    let ended = pod.run("rabbitmq-server").ends_with(0);
    assert!(ended.stdout.contains("/run/tls/tls.crt"), "{ended}");
}

/// The files below a folder of the pod, without following links: as another container sees it that shares the folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let below = |path: PathBuf| match fs::symlink_metadata(&path) {
        Ok(found) if found.is_dir() => files(&path),
        _ => vec![path],
    };
    entries.flat_map(|entry| below(entry.path())).collect()
}

/// No file in a place that may be shared has the cookie; this process has another /proc, as another container has.
#[track_caller]
fn shows_neighbours_nothing(node: &Running) {
    let mut seen = 0;
    for place in ["run/beaminit-0", "tmp", "dev/shm"] {
        let place = format!("/proc/{}/root/{place}", node.pid());
        for file in files(Path::new(&place)) {
            seen += 1;
            // By a process that has no descriptor of its own at the end of a link.
            let read = Command::new("cat").arg(&file).output().expect("cat");
            let text = String::from_utf8_lossy(&read.stdout);
            assert!(!text.contains("chocolate"), "{} has it", file.display());
        }
    }
    assert_ne!(seen, 0);
}

#[test]
fn another_container_finds_no_cookie_in_what_it_shares() {
    let (pod, _dns) = with_secret();
    let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
    node.says(&format!("{NODE} cookie=chocolate"));
    shows_neighbours_nothing(&node);
    for expands in ["", "true"] {
        let (pod, _dns) = clustered();
        let pod = pod.copy(&fixtures::relx_release(), "/srv/relxapp");
        let node = pod
            .env("RELX_REPLACE_OS_VARS", expands)
            .run([RELX, "foreground"]);
        node.says(&format!("{NODE} cookie=chocolate"));
        if expands.is_empty() {
            shows_neighbours_nothing(&node);
        }
    }
}

#[test]
fn a_client_leaves_the_nodes_cookie_alone() {
    let (pod, _dns) = with_secret();
    let pod = pod.copy(&fixtures::relx_release(), "/srv/relxapp");
    let node = pod.run([RELX, "foreground"]);
    node.says(&format!("{NODE} cookie=chocolate"));
    node.says("is up");
    let client = node.enter([BEAMINIT, "--", RELX, "ping"]).ends_with(0);
    assert!(client.stdout.contains("pong"), "{client}");
    shows_neighbours_nothing(&node);
    // Nothing but the node's own file tells it.
    let told = [
        "env",
        "-u",
        "ERLANG_COOKIE_FILE",
        BEAMINIT,
        "node",
        "--json",
        "--cookie",
    ];
    let told = node.enter(told).ends_with(0);
    assert!(told.stdout.contains("\"cookie\":\"chocolate\""), "{told}");
}

#[test]
fn what_the_node_starts_reads_its_cookie_too() {
    let (pod, _dns) = with_secret();
    let other = "erl -noinput -sname other -eval 'io:format(\\\"other=~ts~n\\\", [erlang:get_cookie()]), halt().'";
    let asks = format!("io:put_chars(os:cmd(\"ERL_AFLAGS= {other}\")).");
    let node = pod.run(["erl", "-noinput", "-eval", &asks]);
    node.says("other=chocolate");
}

/// Whose the memory of a process is, to others of its user.
fn owner_of_memory(node: &Running, pid: i32) -> u32 {
    let memory = format!("/proc/{}/root/proc/{pid}/mem", node.pid());
    fs::metadata(memory).unwrap().uid()
}

#[test]
fn no_process_of_its_user_reads_the_cookie_in_the_memory_of_beaminit() {
    let (pod, dns) = clustered();
    dns.withdraw(OWN_NAME);
    let pod = pod.user(12345).env("BEAMINIT_HOST", "pod");
    // Init has none, and its record is for all of them.
    for (first, expected) in [
        (&[BEAMINIT, "--"][..], &[0, 12345][..]),
        (&[BEAMINIT, "exec", "--"], &[0]),
    ] {
        let node = pod.first(
            [first, &["erl", "-noinput", "-eval", SPEAK]]
                .concat()
                .as_slice(),
        );
        node.says("waiting");
        let inmates = node.inmates();
        let own = inmates
            .iter()
            .filter(|one| one.name.starts_with("beaminit"));
        let mut owners: Vec<u32> = own.map(|one| owner_of_memory(&node, one.pid)).collect();
        owners.sort_unstable();
        assert_eq!(owners, expected, "{first:?}");
    }
}
