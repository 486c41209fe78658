use crate::init::rewrite::Rewrites;

/// Those that cannot be rewritten: KILL, CHLD, STOP.
const FIXED: [i32; 3] = [9, 17, 19];

/// `BEAMINIT_SIGNALS`.
pub fn signals(bytes: &[u8]) {
    let text = super::text(bytes);
    let Ok(table) = Rewrites::parse(&text) else {
        return;
    };
    for signal in 1..=64 {
        assert!(table.of(signal).is_none_or(|to| (1..=64).contains(&to)));
        assert!(!FIXED.contains(&signal) || table.of(signal) == Some(signal));
    }
    let backwards: Vec<&str> = text.rsplit(',').collect();
    for same in [
        written(&table),
        text.to_ascii_lowercase(),
        text.to_ascii_uppercase(),
        backwards.join(" , "),
    ] {
        let again = Rewrites::parse(&same).unwrap();
        assert_eq!(written(&again), written(&table), "{same:?}");
    }
    for name in text.split([',', '=']) {
        is_a_name(name.trim());
    }
}

/// The table in numbers.
fn written(table: &Rewrites) -> String {
    let changed = (1..=64).filter(|signal| table.of(*signal) != Some(*signal));
    let parts = changed.map(|signal| match table.of(signal) {
        Some(to) => format!("{signal}={to}"),
        None => format!("{signal}="),
    });
    parts.collect::<Vec<_>>().join(",")
}

/// A sign stands only between RTMIN or RTMAX and a number.
fn is_a_name(name: &str) {
    let upper = name.to_ascii_uppercase();
    let plain = upper.strip_prefix("SIG").unwrap_or(&upper);
    let rest = match plain.get(..5) {
        Some("RTMIN" | "RTMAX") if plain.len() > 5 => plain.get(6..).unwrap_or_default(),
        _ => plain,
    };
    assert!(
        rest.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{name}"
    );
}
