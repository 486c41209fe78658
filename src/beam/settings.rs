//! What the flags of one text say: a name, a cookie, a port, a node to attach to.

use std::ops::Range;
use std::path::Path;

use super::flag::{Flag, FlagSetting, PortFlags};
use super::words::{Syntax, Word, split};
use crate::system::Place;
use crate::system::files::text_of;

/// How deep args files may include each other: a file that includes itself ends here.
const DEPTH: usize = 8;

/// The flags of one text that matter, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlagSettings(pub(super) Vec<FlagSetting>);

impl FlagSettings {
    /// Reads the arguments of a command line.
    pub fn of_arguments<'a>(arguments: impl Iterator<Item = &'a str>) -> Self {
        let words = arguments.map(|text| Word {
            text: text.into(),
            span: 0..0,
            line: 0,
        });
        let words: Vec<Word> = words.collect();
        let mut settings = Self::of_words(&words, &|_| Place::CommandLine, DEPTH);
        settings.forget_spans();
        settings
    }

    /// Reads a text; `place` says where a line of it is.
    pub fn of_text(text: &str, syntax: Syntax, place: &dyn Fn(usize) -> Place) -> Self {
        Self::of_words(&split(text, syntax), place, DEPTH)
    }

    /// Those of these flags.
    pub fn of<'a>(&'a self, flags: &'a [Flag]) -> impl Iterator<Item = &'a FlagSetting> + Clone {
        self.0.iter().filter(|one| flags.contains(&one.flag))
    }

    /// Is one of these flags among them?
    pub fn has(&self, flags: &[Flag]) -> bool {
        self.of(flags).next().is_some()
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &FlagSetting> + Clone {
        self.of(&Flag::NAMES)
    }

    /// The cookies.
    pub fn cookies(&self) -> impl Iterator<Item = &FlagSetting> + Clone {
        self.of(&[Flag::Cookie])
    }

    /// The distribution port.
    pub fn ports(&self) -> impl Iterator<Item = &FlagSetting> + Clone {
        self.of(&Flag::PORTS)
    }

    /// Adds others, behind these.
    pub fn extend(&mut self, others: impl IntoIterator<Item = FlagSetting>) {
        self.0.extend(others);
    }

    /// Those that say nothing of the node's name and cookie.
    pub fn without_identity(mut self) -> Self {
        use Flag::{Cookie, Informs, Name, Remsh, Sname};
        self.0
            .retain(|one| !matches!(one.flag, Name | Sname | Cookie | Remsh | Informs));
        self
    }

    /// They stay where they are: nobody takes them out of their text.
    pub fn forget_spans(&mut self) {
        self.0.iter_mut().for_each(|one| one.span = None);
    }

    /// Those for whose place `belongs` says so, and the others.
    pub fn partition(self, belongs: impl Fn(&Place) -> bool) -> (Self, Self) {
        let (own, others) = self.0.into_iter().partition(|one| belongs(&one.place));
        (Self(own), Self(others))
    }

    /// The bytes, in order, of those in the text itself that the Plan says anew.
    pub fn spans(&self, ports: PortFlags) -> Vec<Range<usize>> {
        let replaced = self.0.iter().filter(|one| one.flag.is_replaced(ports));
        replaced.filter_map(|one| one.span.clone()).collect()
    }

    fn of_words(words: &[Word], place: &dyn Fn(usize) -> Place, depth: usize) -> Self {
        let mut found = Self::default();
        let mut rest = words;
        while let Some((flag, behind)) = rest.split_first() {
            let is_value = |word: &&Word| !word.text.starts_with(['-', '+']);
            let (values, next) = behind.split_at(behind.iter().take_while(is_value).count());
            rest = next;
            match flag.text.as_str() {
                // It ends the flags; `--` makes plain arguments up to the next flag, which no flag can be in.
                "-extra" => break,
                "-kernel" => found.extend(of_kernel(flag, values, place)),
                "-config" => {
                    let files = values.iter().map(|path| Self::of_config_flag(&path.text));
                    found.extend(files.flatten());
                }
                "-ssl_dist_opt" => found.extend(of_tls(flag, values, place)),
                "-args_file" => {
                    if let (Some(path), Some(depth)) = (values.first(), depth.checked_sub(1)) {
                        found.extend(Self::of_args_file(Path::new(&path.text), depth));
                    }
                }
                word => found.extend(Flag::of_word(word).map(|which| {
                    let (towards, text) = match values {
                        [node, cookie, ..] if which == Flag::Cookie => (Some(node), Some(cookie)),
                        _ => (None, values.first()),
                    };
                    let text = text.map(|word| word.text.as_str()).unwrap_or_default();
                    let end = values.last().unwrap_or(flag).span.end;
                    FlagSetting {
                        towards: towards.map(|word| word.text.clone()),
                        span: Some(flag.span.start..end),
                        ..FlagSetting::new(which, text, place(flag.line))
                    }
                })),
            }
        }
        found
    }

    /// Reads a file that another text includes; one that cannot be read is the VM's to complain of.
    fn of_args_file(path: &Path, depth: usize) -> Self {
        let text = text_of(path).unwrap_or_default();
        let place = |line| Place::File(path.into(), line);
        let mut found = Self::of_words(&split(&text, Syntax::File), &place, depth);
        found.forget_spans();
        found
    }
}

/// The parameters behind a `-kernel`.
fn of_kernel<'a>(
    kernel: &'a Word,
    values: &'a [Word],
    place: &'a dyn Fn(usize) -> Place,
) -> impl Iterator<Item = FlagSetting> {
    let (pairs, odd) = values.as_chunks::<2>();
    // A word that is left over would become a value of the flag before; and pins are taken out without the others.
    let are_all = |flags: &[Flag]| {
        let mut known = pairs.iter().map(|[name, _]| Flag::of_kernel(&name.text));
        odd.is_empty() && known.all(|known| known.is_some_and(|flag| flags.contains(&flag)))
    };
    let all_ours = are_all(&[Flag::PortMin, Flag::PortMax]) || are_all(&[Flag::EpmdlessPort]);
    pairs.iter().filter_map(move |[name, value]| {
        // Cut out with the flag itself where nothing else hangs on it.
        let start = if all_ours { kernel } else { name }.span.start;
        Some(FlagSetting {
            span: Some(start..value.span.end),
            ..FlagSetting::new(Flag::of_kernel(&name.text)?, &value.text, place(name.line))
        })
    })
}

/// The options behind a `-ssl_dist_opt`: `server_certfile FILE client_certfile FILE`.
fn of_tls<'a>(
    flag: &'a Word,
    values: &'a [Word],
    place: &'a dyn Fn(usize) -> Place,
) -> impl Iterator<Item = FlagSetting> {
    let (pairs, _) = values.as_chunks::<2>();
    pairs.iter().map(|[option, value]| FlagSetting {
        towards: Some(option.text.clone()),
        ..FlagSetting::new(Flag::TlsOption, &value.text, place(flag.line))
    })
}

impl IntoIterator for FlagSettings {
    type Item = FlagSetting;
    type IntoIter = std::vec::IntoIter<FlagSetting>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests;
