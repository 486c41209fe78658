//! The port in a release's `sys.config`, `{kernel, [{inet_dist_listen_min, 9100}, …]}`, and the address: flags beat them, and
//! our default port yields to it. <https://www.erlang.org/doc/apps/kernel/config.html>

use std::path::Path;

use super::flag::{Flag, FlagSetting};
use super::settings::FlagSettings;
use crate::system::Place;
use crate::system::files::text_of;

impl FlagSettings {
    /// What the file says that `-config` names, with its ending or without.
    pub fn of_config_flag(path: &str) -> Self {
        let path = path.strip_suffix(".config").unwrap_or(path);
        Self::of_config_file(Path::new(&format!("{path}.config")))
    }

    /// What a configuration file says of the port; one that cannot be read is the VM's to complain of.
    pub fn of_config_file(path: &Path) -> Self {
        use std::os::unix::fs::FileTypeExt as _;
        // What comes through a pipe is there once, for the VM.
        if std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) {
            return Self::default();
        }
        text_of(path).map_or_else(|_| Self::default(), |text| Self::of_sys_config(&text, path))
    }

    /// What the text of such a file says of the port.
    pub fn of_sys_config(text: &str, path: &Path) -> Self {
        let tokens = tokens(text);
        let flags = (0..).map_while(|at| tokens.get(at..)).filter_map(|rest| {
            let [(line, name), (_, comma), (_, value), ..] = rest else {
                return None;
            };
            let flag = Flag::of_kernel(name).filter(|_| comma == ",")?;
            let value = match flag {
                Flag::Interface => term(rest.get(2..)?),
                _ => value.clone(),
            };
            let is_number = !value.is_empty() && value.bytes().all(|c| c.is_ascii_digit());
            let place = Place::File(path.to_owned(), *line);
            (is_number || flag == Flag::Interface).then(|| FlagSetting::new(flag, value, place))
        });
        Self(flags.collect())
    }
}

/// A tuple of numbers, or what stands in its place.
fn term(tokens: &[(usize, String)]) -> String {
    let words = tokens.iter().map(|(_, word)| word.as_str());
    words.take_while(|word| *word != "}").chain(["}"]).collect()
}

/// The words and signs of Erlang terms, with their lines. A string or a quoted atom is one, and begins with its quote.
pub fn tokens(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut line = 1;
    let mut characters = text.chars().peekable();
    let is_word = |c: char| c.is_alphanumeric() || "_@".contains(c);
    while let Some(c) = characters.next() {
        match c {
            '\n' => line += 1,
            '%' => while characters.next_if(|next| *next != '\n').is_some() {},
            '"' | '\'' => {
                let mut word = String::from(c);
                while let Some(inside) = characters.next().filter(|inside| *inside != c) {
                    let escaped = (inside == '\\').then(|| characters.next()).flatten();
                    line += usize::from(inside == '\n' || escaped == Some('\n'));
                    word.push(escaped.unwrap_or(inside));
                }
                found.push((line, word));
            }
            c if is_word(c) => {
                let mut word = String::from(c);
                while let Some(next) = characters.next_if(|next| is_word(*next)) {
                    word.push(next);
                }
                found.push((line, word));
            }
            c if c.is_whitespace() => {}
            c => found.push((line, c.into())),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_address() {
        for (text, expected) in [
            (
                "[{kernel,[{inet_dist_use_interface, {127,0,0,1}}]}].",
                Some("127.0.0.1"),
            ),
            (
                "[{kernel,[{inet_dist_use_interface,\n{16#fd00,0,0,0,0,0,0,3}}]}].",
                Some("fd00::3"),
            ),
            ("[{kernel,[{inet_dist_use_interface, {127,0,0}}]}].", None),
            (
                "[{kernel,[{inet_dist_use_interface, {127,0,0,256}}]}].",
                None,
            ),
            ("[{kernel,[{inet_dist_use_interface, any}]}].", None),
            ("[{kernel,[{inet_dist_use_interface, {", None),
        ] {
            let flags = FlagSettings::of_sys_config(text, Path::new("sys.config"));
            let flag = flags.of(&[Flag::Interface]).next();
            let address = flag.and_then(FlagSetting::address);
            assert_eq!(
                address.map(|it| it.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn finds_the_port() {
        for (text, expected) in [
            (
                "[{kernel, [\n{inet_dist_listen_min, 9100},\n{inet_dist_listen_max,9105}]}].",
                "sys.config:2 9100, sys.config:3 9105",
            ),
            (
                "[{kernel,[{erl_epmd_node_listen_port,9}]}].",
                "sys.config:1 9",
            ),
            ("% {inet_dist_listen_min, 9100}\n[].", ""),
            ("[{a, \"{inet_dist_listen_min, 9100} \\\" % \"}].", ""),
            ("[{a, ['it\\'s', {inet_dist_listen_min, X}]}].", ""),
            ("[{inet_dist_listen_min, \"9100\"}].", ""),
            ("[\"", ""),
            ("[\"a\nb\", {inet_dist_listen_max, 1}].", "sys.config:2 1"),
        ] {
            let flags = FlagSettings::of_sys_config(text, Path::new("sys.config"));
            let shown = flags
                .ports()
                .map(|port| format!("{} {}", port.place, port.text));
            assert_eq!(shown.collect::<Vec<_>>().join(", "), expected, "{text}");
        }
    }
}
