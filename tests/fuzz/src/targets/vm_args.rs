use crate::beam::words::Syntax;
use crate::beam::{FlagSettings, PortFlags, VmArgs};
use crate::system::Place;

/// A `vm.args`, a file that it may include as `${FILE}`, and variables that it may name; each ends with a NUL.
pub fn vm_args(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == 0);
    let file = super::MemoryFile::new(parts.next().unwrap_or_default());
    let included = super::MemoryFile::new(parts.next().unwrap_or_default());
    let variables: Vec<_> = parts.filter_map(super::assignment).collect();
    let variable = |name: &str| {
        if name == "FILE" {
            return Some(included.path().display().to_string());
        }
        // A value that names itself grows; the environment's own limit is the system's.
        super::variable(&variables, name)
            .filter(|value| value.len() <= 64)
            .map(ToOwned::to_owned)
    };
    for expand in [false, true] {
        let mut args = VmArgs::read(&file.path()).unwrap();
        if expand {
            args = args.expanded(&variable);
        }
        // Nothing that only an unset variable would say.
        for flag in args.expanded_flags(&|_| None).ports() {
            assert!(!flag.text.contains('\u{1}'));
        }
        let rest = args.rest(PortFlags::Pins);
        let again =
            FlagSettings::of_text(&rest, Syntax::File, &|line| Place::File("x".into(), line));
        assert!(!super::says_anything(&again), "{rest:?}");
        for flag in args.flags.names() {
            assert!(matches!(&flag.place, Place::File(path, 1..) if path.starts_with("/proc")));
        }
    }
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = super::text(text);
    expands_by_line(&text);
    for flag in FlagSettings::of_sys_config(&text, "x".as_ref()).ports() {
        let Place::File(_, line) = flag.place else {
            panic!("{flag:?} is in no file");
        };
        assert!((1..=text.split('\n').count()).contains(&line));
        assert!(text.contains(&flag.text));
    }
}

/// As relx's script does: no line has to do with another.
fn expands_by_line(text: &str) {
    let variable = |name: &str| (name.len() % 2 == 1).then(|| name.replace(['$', '{'], ""));
    let expanded = |text: &str| {
        let file = super::MemoryFile::new(text.as_bytes());
        let args = VmArgs::read(&file.path()).unwrap().expanded(&variable);
        // With flags in it, the rest is not all of it.
        (!super::says_anything(&args.flags)).then(|| args.rest(PortFlags::Pins))
    };
    let lines: Option<Vec<String>> = text.split('\n').map(expanded).collect();
    if let (Some(whole), Some(lines)) = (expanded(text), lines) {
        assert_eq!(whole, lines.join("\n"));
    }
}
