//! What the options of TLS say of files: `[{server,[…]},{client,[{certfile,"…"},…]}].`, as far as they are plain text. The VM
//! evaluates them as an expression; what is more than a string in them is not read.
//! <https://www.erlang.org/doc/apps/ssl/ssl_distribution.html>

use super::flag::{Flag, FlagSetting};
use super::sys_config::tokens;

/// What one side of a connection has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    pub certfile: Option<String>,
    pub keyfile: Option<String>,
    pub cacertfile: Option<String>,
    /// `verify_peer` or `verify_none`; by default what that OTP has for it.
    pub verify: Option<String>,
    /// Does something else than the name of the host decide?
    pub has_own_check: bool,
    /// Options that say the same and cannot be read.
    unread: Vec<String>,
}

impl TlsOptions {
    /// Those of one side, `client` or `server`, in the text of a file; `None` where it says nothing of it.
    pub fn of_text(text: &str, side: &str) -> Option<Self> {
        let tokens = tokens(text);
        let words: Vec<&str> = tokens.iter().map(|(_, word)| word.as_str()).collect();
        let start = words
            .windows(4)
            .position(|four| four == ["{", side, ",", "["])?;
        let mut depth = 0;
        let section = words.get(start + 3..)?.iter().copied();
        let section: Vec<&str> = section
            .take_while(|word| {
                match *word {
                    "[" | "{" | "(" => depth += 1,
                    "]" | "}" | ")" => depth -= 1,
                    _ => {}
                }
                depth > 0
            })
            .collect();
        let mut found = Self::default();
        for (at, name) in section.iter().enumerate() {
            let rest = section.get(at + 1..).unwrap_or_default();
            // `,` in a tuple, `=>` in a map; `<<` of a binary.
            let (value, behind) = match rest {
                [",", "<", "<", value, behind @ ..]
                | ["=", ">", "<", "<", value, behind @ ..]
                | ["=", ">", value, behind @ ..]
                | [",", value, behind @ ..] => (*value, behind),
                _ => continue,
            };
            // Of an expression a string is only a part.
            let is_whole = matches!(behind.first(), Some(&("}" | "," | ">" | "/")));
            let value = if is_whole { value } else { "" };
            found.set(name, value);
        }
        Some(found)
    }

    /// Those of `-ssl_dist_opt client_certfile FILE` and its like.
    pub fn of_flags<'a>(flags: impl Iterator<Item = &'a FlagSetting>, side: &str) -> Self {
        let mut found = Self::default();
        for flag in flags.filter(|flag| flag.flag == Flag::TlsOption) {
            let option = flag.towards.as_deref().unwrap_or_default();
            let option = option
                .strip_prefix(side)
                .and_then(|it| it.strip_prefix('_'));
            let value = match option {
                Some("certfile" | "keyfile" | "cacertfile") => format!("\"{}", flag.text),
                _ => flag.text.clone(),
            };
            found.set(option.unwrap_or_default(), &value);
        }
        found
    }

    /// The first one wins. A string begins with its quote.
    fn set(&mut self, name: &str, value: &str) {
        let first = |slot: &mut Option<String>, text: &str| {
            slot.get_or_insert_with(|| text.to_owned());
        };
        match (name, value.strip_prefix('"')) {
            ("certfile", Some(path)) => first(&mut self.certfile, path),
            ("keyfile", Some(path)) => first(&mut self.keyfile, path),
            ("cacertfile", Some(path)) => first(&mut self.cacertfile, path),
            ("verify", _) => first(&mut self.verify, value),
            ("customize_hostname_check" | "verify_fun" | "server_name_indication", _) => {
                self.has_own_check = true;
            }
            // No string, or what stands in place of a file.
            ("certfile" | "keyfile" | "cacertfile" | "cert" | "cacerts" | "certs_keys", _) => {
                self.unread.push(name.to_owned());
            }
            _ => {}
        }
    }

    /// Is something said that could not be read, and not otherwise?
    pub fn gap(&self) -> Option<&str> {
        let is_said = |unread: &&String| match unread.as_str() {
            "cert" | "certs_keys" => self.certfile.is_some(),
            "cacerts" => self.cacertfile.is_some(),
            _ => false,
        };
        let mut unread = self.unread.iter();
        unread.find(|unread| !is_said(unread)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files, how it checks, and what could not be read.
    fn read(text: &str) -> String {
        let Some(options) = TlsOptions::of_text(text, "client") else {
            return "nothing".into();
        };
        let shown = |text: &Option<String>| text.clone().unwrap_or("-".into());
        format!(
            "{} {} {} {}{}{}",
            shown(&options.certfile),
            shown(&options.keyfile),
            shown(&options.cacertfile),
            shown(&options.verify),
            if options.has_own_check { " own" } else { "" },
            options
                .gap()
                .map_or(String::new(), |gap| format!(" no {gap}")),
        )
    }

    #[test]
    fn finds_the_files_of_a_side() {
        for (text, expected) in [
            (
                r#"[{server,[{certfile,"/s"}]},
                    {client,[{certfile,"/c"},{keyfile, "/k"},{cacertfile,<<"/a">>},{verify,verify_peer}]}]."#,
                "/c /k /a verify_peer",
            ),
            (
                r#"[{client, [{verify_fun, {fun(_,_,S) -> {valid,S} end, []}}, % {certfile,"/no"}
                    {certfile,"/a b/\"c\\d"}]}, {server,[{keyfile,"/s"}]}]."#,
                r#"/a b/"c\d - - - own"#,
            ),
            (
                r#"[{client,[{certs_keys,[#{certfile=>"/c", keyfile => "/k"}]},{cacerts,[]}]}]."#,
                "/c /k - - no cacerts",
            ),
            (
                r#"[{client,[{certfile, filename:join(D, "c")},{verify,verify_none}]}]."#,
                "- - - verify_none no certfile",
            ),
            (
                r#"[{client,[{certfile, "/d" ++ "/c"}, {keyfile, "/d" "/k"}, {cacertfile,<<"/a"/utf8>>}]}]."#,
                "- - /a - no certfile",
            ),
            (r#"[{server,[{certfile,"/s"}]}]."#, "nothing"),
            ("[{client,[]}].", "- - - -"),
            ("[{client,[", "- - - -"),
            ("", "nothing"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
