//! Terms in the external format. Received ones are read in place: nothing is copied, and no nesting or count that a peer
//! announces costs anything. Those to send are of the few kinds that calls need.
//!
//! <https://www.erlang.org/doc/apps/erts/erl_ext_dist.html>

mod skip;

use std::fmt;

use skip::{number, skip};

use crate::system::printable::shortened;

/// The first byte of every term.
pub const VERSION: u8 = 131;

/// A received term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term<'a> {
    Atom(&'a [u8]),
    /// Of up to 32 bits.
    Integer(i64),
    /// A binary, or a list of characters below 256.
    Text(&'a [u8]),
    Tuple(Items<'a>),
    /// Without its tail.
    List(Items<'a>),
    Pid,
    /// A kind that no caller needs.
    Other,
}

/// The elements of a tuple or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items<'a> {
    count: u32,
    bytes: &'a [u8],
}

impl<'a> Items<'a> {
    fn new((count, bytes): (u32, &'a [u8])) -> Self {
        Self { count, bytes }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Term<'a>;

    fn next(&mut self) -> Option<Term<'a>> {
        self.count = self.count.checked_sub(1)?;
        let (term, rest) = read(self.bytes)?;
        self.bytes = rest;
        Some(term)
    }
}

impl<'a> Term<'a> {
    /// Reads a term after its version byte; gives the bytes after it, too. `None` if it is not complete.
    pub fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        read(bytes.strip_prefix(&[VERSION])?)
    }

    pub fn is_atom(&self, name: &str) -> bool {
        *self == Term::Atom(name.as_bytes())
    }

    pub fn atom(&self) -> Option<&'a str> {
        match self {
            Term::Atom(name) => str::from_utf8(name).ok(),
            _ => None,
        }
    }

    /// The elements, if it is a tuple of `N`.
    pub fn tuple<const N: usize>(&self) -> Option<[Term<'a>; N]> {
        let Term::Tuple(items) = self else {
            return None;
        };
        let items: Vec<Term> = items.clone().take(N + 1).collect();
        items.try_into().ok()
    }

    pub fn list(&self) -> Option<Items<'a>> {
        match self {
            Term::List(items) => Some(items.clone()),
            // A list of numbers below 256 is encoded as a text; no caller needs one.
            _ => None,
        }
    }
}

/// Reads the term that the bytes begin with; gives those after it, too.
fn read(bytes: &[u8]) -> Option<(Term<'_>, &[u8])> {
    let rest = skip(bytes)?;
    let whole = bytes.get(..bytes.len() - rest.len())?;
    let (tag, body) = whole.split_first()?;
    let behind_length = |size| body.get(size..);
    let term = match *tag {
        97 => Term::Integer(number(1, body)?.0.into()),
        98 => Term::Integer(i32::from_be_bytes(*body.first_chunk()?).into()),
        100 | 118 => Term::Atom(behind_length(2)?),
        115 | 119 => Term::Atom(behind_length(1)?),
        107 => Term::Text(behind_length(2)?),
        109 => Term::Text(behind_length(4)?),
        104 => Term::Tuple(Items::new(number(1, body)?)),
        105 => Term::Tuple(Items::new(number(4, body)?)),
        106 => Term::List(Items::new((0, body))),
        108 => Term::List(Items::new(number(4, body)?)),
        88 | 103 => Term::Pid,
        _ => Term::Other,
    };
    Some((term, rest))
}

/// The text of a term that is longer is cut anyway; it has no deeper nesting.
const ENOUGH: usize = 200;
const DEEPEST: usize = 8;

/// As Erlang writes it, shortened.
impl fmt::Display for Term<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        show(self.clone(), DEEPEST, &mut text);
        f.write_str(&shortened(&text))
    }
}

fn show(term: Term, depth: usize, text: &mut String) {
    let mut show_all = |items: Items, open, close| {
        text.push(open);
        for (at, item) in items.enumerate() {
            if at > 0 {
                text.push(',');
            }
            if depth == 0 || text.len() > ENOUGH {
                text.push('…');
                break;
            }
            show(item, depth - 1, text);
        }
        text.push(close);
    };
    match term {
        Term::Atom(name) => *text += &String::from_utf8_lossy(name),
        Term::Integer(number) => *text += &number.to_string(),
        Term::Text(bytes) => {
            text.push('"');
            *text += &String::from_utf8_lossy(bytes);
            text.push('"');
        }
        Term::Tuple(items) => show_all(items, '{', '}'),
        Term::List(items) => show_all(items, '[', ']'),
        Term::Pid => *text += "<pid>",
        Term::Other => *text += "_",
    }
}

/// A term to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutTerm<'a> {
    /// Of at most 255 bytes.
    Atom(&'a str),
    Integer(i32),
    Tuple(Vec<OutTerm<'a>>),
    List(Vec<OutTerm<'a>>),
    /// Our only process, at a node of this name and creation.
    Pid(&'a str, u32),
}

impl OutTerm<'_> {
    /// Without a version byte.
    pub fn encode(&self, into: &mut Vec<u8>) {
        match self {
            Self::Atom(name) => {
                into.push(119);
                into.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
                into.extend(name.bytes().take(usize::from(u8::MAX)));
            }
            Self::Integer(number) => {
                into.push(98);
                into.extend(number.to_be_bytes());
            }
            Self::Tuple(elements) => encode_all(105, elements, into),
            Self::List(elements) => {
                if !elements.is_empty() {
                    encode_all(108, elements, into);
                }
                into.push(106);
            }
            Self::Pid(node, creation) => {
                into.push(88);
                OutTerm::Atom(node).encode(into);
                into.extend(1_u32.to_be_bytes());
                into.extend(0_u32.to_be_bytes());
                into.extend(creation.to_be_bytes());
            }
        }
    }
}

fn encode_all(tag: u8, elements: &[OutTerm], into: &mut Vec<u8>) {
    into.push(tag);
    let count = u32::try_from(elements.len()).unwrap_or(u32::MAX);
    into.extend(count.to_be_bytes());
    for element in elements {
        element.encode(into);
    }
}

#[cfg(test)]
mod tests;
