//! What flags claim: a name, a cookie, a port, a node to attach to; and the place of each claim.

use std::ops::Range;
use std::path::Path;

use super::ports::{PortFlag, PortFlags, PortKind};
use super::setting::{CookieFlag, FlagSetting, NameFlag};
use super::words::{Syntax, Word, split};
use crate::system::Place;
use crate::system::files::text_of;

/// How deep args files may include each other: a file that includes itself ends here.
const DEPTH: usize = 8;

/// All claims of one text, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlagSettings {
    /// `-name`, `-sname`.
    pub names: Vec<FlagSetting<NameFlag>>,
    /// `-setcookie`.
    pub cookies: Vec<FlagSetting<CookieFlag>>,
    /// The distribution port.
    pub ports: Vec<FlagSetting<PortFlag>>,
    /// `-start_epmd`, with its value.
    pub start_epmd: Vec<FlagSetting<String>>,
    /// `-epmd_module` and `-no_epmd`: nodes find each other in a way of the user's own.
    pub own_epmd: Vec<FlagSetting<String>>,
    /// `-remsh NODE`.
    pub remsh: Option<String>,
    /// `-proto_dist`.
    pub proto_dist: Vec<FlagSetting<String>>,
    /// `-nocookie`.
    pub nocookie: Vec<FlagSetting<()>>,
    /// `-dist_listen`.
    pub dist_listen: bool,
    /// The VM only prints something and ends (`-version`, `+V`).
    pub informs: bool,
}

impl FlagSettings {
    /// Reads the arguments of a command line.
    pub fn of_arguments<'a>(arguments: impl Iterator<Item = &'a str>) -> Self {
        let words: Vec<Word> = arguments
            .map(|text| Word {
                text: text.into(),
                span: 0..0,
                line: 0,
            })
            .collect();
        let mut claims = Self::default();
        claims.read(&words, &|_| Place::CommandLine, false, DEPTH);
        claims
    }

    /// Reads a text; `place` says where a line of it is.
    pub fn of_text(text: &str, syntax: Syntax, place: &dyn Fn(usize) -> Place) -> Self {
        let mut claims = Self::default();
        claims.read(&split(text, syntax), place, true, DEPTH);
        claims
    }

    /// Adds the claims of another text, which come after these.
    pub fn extend(&mut self, other: Self) {
        self.names.extend(other.names);
        self.cookies.extend(other.cookies);
        self.ports.extend(other.ports);
        self.start_epmd.extend(other.start_epmd);
        self.own_epmd.extend(other.own_epmd);
        self.remsh = self.remsh.take().or(other.remsh);
        self.proto_dist.extend(other.proto_dist);
        self.nocookie.extend(other.nocookie);
        self.dist_listen |= other.dist_listen;
        self.informs |= other.informs;
    }

    /// Those without a name or a cookie.
    pub fn without_identity(self) -> Self {
        Self {
            ports: self.ports,
            start_epmd: self.start_epmd,
            own_epmd: self.own_epmd,
            proto_dist: self.proto_dist,
            nocookie: self.nocookie,
            dist_listen: self.dist_listen,
            ..Self::default()
        }
    }

    /// They stay where they are: nobody takes them out of their text.
    pub fn forget_spans(&mut self) {
        let spans = |claims: &mut dyn Iterator<Item = &mut Option<Range<usize>>>| {
            claims.for_each(|span| *span = None);
        };
        spans(&mut self.names.iter_mut().map(|claim| &mut claim.span));
        spans(&mut self.cookies.iter_mut().map(|claim| &mut claim.span));
        spans(&mut self.ports.iter_mut().map(|claim| &mut claim.span));
        spans(&mut self.start_epmd.iter_mut().map(|claim| &mut claim.span));
        spans(&mut self.nocookie.iter_mut().map(|claim| &mut claim.span));
    }

    /// Splits them by their place: those for which `belongs` says so, and the others.
    pub fn partition(self, belongs: impl Fn(&Place) -> bool) -> (Self, Self) {
        fn split<T>(
            claims: Vec<FlagSetting<T>>,
            belongs: &impl Fn(&Place) -> bool,
        ) -> (Vec<FlagSetting<T>>, Vec<FlagSetting<T>>) {
            claims.into_iter().partition(|claim| belongs(&claim.place))
        }
        let (names, other_names) = split(self.names, &belongs);
        let (cookies, other_cookies) = split(self.cookies, &belongs);
        let (ports, other_ports) = split(self.ports, &belongs);
        let (start_epmd, other_start_epmd) = split(self.start_epmd, &belongs);
        let (own_epmd, other_own_epmd) = split(self.own_epmd, &belongs);
        let (proto_dist, other_proto_dist) = split(self.proto_dist, &belongs);
        let (nocookie, other_nocookie) = split(self.nocookie, &belongs);
        let others = Self {
            names: other_names,
            cookies: other_cookies,
            ports: other_ports,
            start_epmd: other_start_epmd,
            own_epmd: other_own_epmd,
            proto_dist: other_proto_dist,
            nocookie: other_nocookie,
            ..Self::default()
        };
        (
            Self {
                names,
                cookies,
                ports,
                start_epmd,
                own_epmd,
                remsh: self.remsh,
                proto_dist,
                nocookie,
                dist_listen: self.dist_listen,
                informs: self.informs,
            },
            others,
        )
    }

    /// The bytes of all claims of name and cookie in the text itself, in order, and of these port flags.
    pub fn spans(&self, ports: PortFlags) -> Vec<Range<usize>> {
        let names = self.names.iter().filter_map(|claim| claim.span.clone());
        let cookies = self.cookies.iter().filter_map(|claim| claim.span.clone());
        let nocookie = self.nocookie.iter().filter_map(|claim| claim.span.clone());
        let taken = self.ports.iter().filter(|claim| match ports {
            PortFlags::None => false,
            PortFlags::Pins => claim.value.kind != PortKind::Epmdless,
            PortFlags::All => true,
        });
        let taken = taken.filter_map(|claim| claim.span.clone());
        let epmd = self
            .start_epmd
            .iter()
            .filter(|_| ports == PortFlags::All)
            .filter_map(|claim| claim.span.clone());
        let identity = names.chain(cookies).chain(nocookie);
        let mut spans: Vec<_> = identity.chain(taken).chain(epmd).collect();
        spans.sort_by_key(|span| span.start);
        spans
    }

    fn read(
        &mut self,
        words: &[Word],
        place: &dyn Fn(usize) -> Place,
        own_text: bool,
        depth: usize,
    ) {
        let mut rest = words;
        while let Some((flag, behind)) = rest.split_first() {
            // `-extra` ends the flags; `--` makes plain arguments up to the next flag, which no claim can be in.
            if flag.text == "-extra" {
                return;
            }
            let count = behind
                .iter()
                .take_while(|word| !word.text.starts_with(['-', '+']))
                .count();
            let (values, next) = behind.split_at(count.min(behind.len()));
            rest = next;
            let claimed = |values: &[Word]| {
                let end = values.last().map_or(flag.span.end, |word| word.span.end);
                (place(flag.line), own_text.then_some(flag.span.start..end))
            };
            let mut texts = values.iter().map(|word| word.text.clone());
            match flag.text.as_str() {
                "-name" | "-sname" => {
                    let (place, span) = claimed(values);
                    let value = NameFlag {
                        long: flag.text == "-name",
                        text: texts.next().unwrap_or_default(),
                    };
                    self.names.push(FlagSetting { value, place, span });
                }
                "-setcookie" => {
                    let (place, span) = claimed(values);
                    let value = match (texts.next(), texts.next()) {
                        (node, Some(cookie)) => CookieFlag {
                            node,
                            cookie: Some(cookie),
                        },
                        (cookie, None) => CookieFlag { node: None, cookie },
                    };
                    self.cookies.push(FlagSetting { value, place, span });
                }
                "-erl_epmd_port" => {
                    let (place, span) = claimed(values);
                    let value = PortFlag {
                        kind: PortKind::Epmdless,
                        text: texts.next().unwrap_or_default(),
                    };
                    self.ports.push(FlagSetting { value, place, span });
                }
                "-start_epmd" | "-epmd_module" | "-no_epmd" => {
                    let (place, span) = claimed(values);
                    let value = texts.next().unwrap_or_default();
                    let claims = if flag.text == "-start_epmd" {
                        &mut self.start_epmd
                    } else {
                        &mut self.own_epmd
                    };
                    claims.push(FlagSetting { value, place, span });
                }
                "-kernel" => self.read_kernel(flag, values, place, own_text),
                "-remsh" => self.remsh = self.remsh.take().or(texts.next()),
                "-proto_dist" => {
                    let (place, span) = claimed(values);
                    let value = texts.next().unwrap_or_default();
                    self.proto_dist.push(FlagSetting { value, place, span });
                }
                "-nocookie" => {
                    let (place, span) = claimed(values);
                    let value = ();
                    self.nocookie.push(FlagSetting { value, place, span });
                }
                "-dist_listen" => self.dist_listen = true,
                "-version" | "+V" => self.informs = true,
                "-config" => texts.for_each(|path| self.extend(Self::of_config_flag(&path))),
                "-args_file" => {
                    if let (Some(path), Some(depth)) = (texts.next(), depth.checked_sub(1)) {
                        self.include(Path::new(&path), depth);
                    }
                }
                _ => {}
            }
        }
    }

    fn read_kernel(
        &mut self,
        flag: &Word,
        values: &[Word],
        place: &dyn Fn(usize) -> Place,
        own_text: bool,
    ) {
        let (pairs, odd) = values.as_chunks::<2>();
        let is_pin = |kind| kind != PortKind::Epmdless;
        let mut kinds = pairs
            .iter()
            .map(|[name, _]| PortKind::of_kernel(&name.text).map(is_pin));
        let first = kinds.next().flatten();
        // A word that is left over would become a value of the flag before; and pins are taken out without the others.
        let all_ours = odd.is_empty() && first.is_some() && kinds.all(|kind| kind == first);
        for [name, value] in pairs {
            if name.text == "epmd_module" {
                self.own_epmd.push(FlagSetting {
                    value: value.text.clone(),
                    place: place(name.line),
                    span: None,
                });
            }
            if let Some(kind) = PortKind::of_kernel(&name.text) {
                // Cut out with the flag itself where nothing else hangs on it.
                let start = if all_ours {
                    flag.span.start
                } else {
                    name.span.start
                };
                self.ports.push(FlagSetting {
                    value: PortFlag {
                        kind,
                        text: value.text.clone(),
                    },
                    place: place(name.line),
                    span: own_text.then_some(start..value.span.end),
                });
            }
        }
    }

    fn include(&mut self, path: &Path, depth: usize) {
        // A file that cannot be read is the VM's to complain of.
        if let Ok(text) = text_of(path) {
            let place = |line| Place::File(path.into(), line);
            self.read(&split(&text, Syntax::File), &place, false, depth);
        }
    }
}

#[cfg(test)]
mod tests;
