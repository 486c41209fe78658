//! One claim of a flag: what it asks for, and where it stands, so that a message can name the place.

use std::fmt;
use std::ops::Range;

use crate::system::Place;
use crate::system::secrets;

/// Something claimed, where, and which bytes of the text do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagSetting<T> {
    /// What is claimed.
    pub value: T,
    /// Where.
    pub place: Place,
    /// The bytes of flag and values in the text they stand in, if it is that text itself and not an included file.
    pub span: Option<Range<usize>>,
}

/// `-name X` or `-sname X`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameFlag {
    /// `-name`.
    pub long: bool,
    /// X.
    pub text: String,
}

/// `-setcookie [NODE] C`.
#[derive(Clone, PartialEq, Eq)]
pub struct CookieFlag {
    /// NODE.
    pub node: Option<String>,
    /// C.
    pub cookie: Option<String>,
}

impl fmt::Debug for CookieFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What stands in the node's place may be the cookie itself, with something else behind it.
        write!(f, "-setcookie {}", secrets::HIDDEN)
    }
}
