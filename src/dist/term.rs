//! Terms as they go over the wire. What comes is looked at in place: nothing is copied, and no nesting or count that a
//! peer announces costs anything; what goes is built of the few kinds that questions need.
//!
//! <https://www.erlang.org/doc/apps/erts/erl_ext_dist.html>

mod skip;

use std::fmt;

use skip::{byte, long, skip, take, word};

/// The first byte of every term.
pub const VERSION: u8 = 131;

/// A term that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term<'a> {
    /// An atom.
    Atom(&'a [u8]),
    /// An integer of up to 32 bits.
    Integer(i64),
    /// A binary, or a list of characters below 256.
    Text(&'a [u8]),
    /// A tuple.
    Tuple(Items<'a>),
    /// A list, its tail left out.
    List(Items<'a>),
    /// A process, at its node.
    Pid,
    /// What nobody asks for here.
    Other,
}

/// The elements of a tuple or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items<'a> {
    count: u32,
    bytes: &'a [u8],
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
    /// Reads a term that follows its version byte; gives what is behind it. `None` if it is not whole.
    pub fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        read(bytes.strip_prefix(&[VERSION])?)
    }

    /// Is it this atom?
    pub fn is_atom(&self, name: &str) -> bool {
        *self == Term::Atom(name.as_bytes())
    }

    /// The name of the atom, if it is one.
    pub fn atom(&self) -> Option<&'a str> {
        match self {
            Term::Atom(name) => str::from_utf8(name).ok(),
            _ => None,
        }
    }

    /// The elements of the tuple, if it is one of so many.
    pub fn tuple<const N: usize>(&self) -> Option<[Term<'a>; N]> {
        let Term::Tuple(items) = self else {
            return None;
        };
        let items: Vec<Term> = items.clone().take(N + 1).collect();
        items.try_into().ok()
    }

    /// The elements of the list, if it is one.
    pub fn list(&self) -> Option<Items<'a>> {
        match self {
            Term::List(items) => Some(items.clone()),
            // A short list of small numbers comes as if it were a text; none of those is asked for.
            _ => None,
        }
    }
}

/// Reads the term that the bytes begin with, and gives those behind it.
fn read(bytes: &[u8]) -> Option<(Term<'_>, &[u8])> {
    let rest = skip(bytes)?;
    let whole = bytes.get(..bytes.len() - rest.len())?;
    let (tag, body) = byte(whole)?;
    let term = match tag {
        97 => Term::Integer(byte(body)?.0.into()),
        98 => Term::Integer(i32::from_be_bytes(*body.first_chunk()?).into()),
        100 | 118 => {
            let (length, body) = word(body)?;
            Term::Atom(take(body, length.into())?.0)
        }
        115 | 119 => {
            let (length, body) = byte(body)?;
            Term::Atom(take(body, length.into())?.0)
        }
        107 => {
            let (length, body) = word(body)?;
            Term::Text(take(body, length.into())?.0)
        }
        109 => {
            let (length, body) = long(body)?;
            Term::Text(take(body, length)?.0)
        }
        104 => {
            let (count, bytes) = byte(body)?;
            let count = count.into();
            Term::Tuple(Items { count, bytes })
        }
        105 => {
            let (count, bytes) = long(body)?;
            Term::Tuple(Items { count, bytes })
        }
        106 => Term::List(Items {
            count: 0,
            bytes: &[],
        }),
        108 => {
            let (count, bytes) = long(body)?;
            Term::List(Items { count, bytes })
        }
        88 | 103 => Term::Pid,
        _ => Term::Other,
    };
    Some((term, rest))
}

/// What is shown of a term is no longer, in bytes, and no deeper.
const SHOWN: usize = 200;
const DEEP: usize = 8;

/// As Erlang writes it, on one line, as far as that is short.
impl fmt::Display for Term<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        show(self.clone(), DEEP, &mut text);
        if text.len() > SHOWN {
            let end = (0..=SHOWN).rev().find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or(0));
            text.push('…');
        }
        f.write_str(&text)
    }
}

fn show(term: Term, deep: usize, text: &mut String) {
    let escaped = |bytes: &[u8]| {
        let bytes = bytes.get(..SHOWN).unwrap_or(bytes);
        String::from_utf8_lossy(bytes).escape_debug().to_string()
    };
    let mut all = |items: Items, open, close| {
        text.push(open);
        for (at, item) in items.enumerate() {
            if at > 0 {
                text.push(',');
            }
            if deep == 0 || text.len() > SHOWN {
                text.push('…');
                break;
            }
            show(item, deep - 1, text);
        }
        text.push(close);
    };
    match term {
        Term::Atom(name) => *text += &escaped(name),
        Term::Integer(number) => *text += &number.to_string(),
        Term::Text(bytes) => {
            text.push('"');
            *text += &escaped(bytes);
            text.push('"');
        }
        Term::Tuple(items) => all(items, '{', '}'),
        Term::List(items) => all(items, '[', ']'),
        Term::Pid => *text += "<pid>",
        Term::Other => *text += "_",
    }
}

/// A term to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutTerm<'a> {
    /// An atom, of at most 255 bytes.
    Atom(&'a str),
    /// An integer.
    Integer(i32),
    /// A tuple, of at most 255 elements.
    Tuple(Vec<OutTerm<'a>>),
    /// A list.
    List(Vec<OutTerm<'a>>),
    /// Our one process, at a node of this name and creation.
    Pid(&'a str, u32),
}

impl OutTerm<'_> {
    /// Adds it, as it goes over the wire, without a version byte.
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
            Self::Tuple(elements) => {
                into.push(105);
                count(elements.len(), into);
                all(elements, into);
            }
            Self::List(elements) => {
                if !elements.is_empty() {
                    into.push(108);
                    count(elements.len(), into);
                    all(elements, into);
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

fn all(elements: &[OutTerm], into: &mut Vec<u8>) {
    for element in elements {
        element.encode(into);
    }
}

fn count(count: usize, into: &mut Vec<u8>) {
    into.extend(u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

#[cfg(test)]
mod tests;
