//! Command lines as a test writes them: `"erl -noshell"`, or a list where an argument holds a space.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Something that is a list of arguments.
pub trait Words {
    /// The arguments, one by one.
    fn words(&self) -> Vec<OsString>;
}

impl Words for str {
    fn words(&self) -> Vec<OsString> {
        self.split_whitespace().map(OsString::from).collect()
    }
}

impl Words for [&str] {
    fn words(&self) -> Vec<OsString> {
        self.iter().map(OsString::from).collect()
    }
}

impl<const N: usize> Words for [&str; N] {
    fn words(&self) -> Vec<OsString> {
        self.as_slice().words()
    }
}

impl<const N: usize> Words for [&[u8]; N] {
    fn words(&self) -> Vec<OsString> {
        self.iter()
            .map(|word| OsString::from_vec(word.to_vec()))
            .collect()
    }
}

impl Words for Vec<OsString> {
    fn words(&self) -> Vec<OsString> {
        self.clone()
    }
}

impl<T: Words + ?Sized> Words for &T {
    fn words(&self) -> Vec<OsString> {
        (**self).words()
    }
}
