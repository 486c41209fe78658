use crate::dist::epmd::{EpmdError, read, request};

/// A name, a NUL, and what is read from epmd's port: the whole, and every piece of it that may have come first.
pub fn epmd_answer(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == 0);
    let (name, said) = bytes.split_at(at.unwrap_or(0));
    let said = said.get(1..).unwrap_or_default();
    let name = super::text(name);
    assert!(request(&name).ends_with(name.as_bytes()));
    let whole = read(said, &name);
    for end in 0..said.len().min(512) {
        let Some(sooner) = read(&said[..end], &name) else {
            continue;
        };
        // An answer stays the same. Behind "no such name" there is nothing, and only more bytes show it.
        let is_late =
            (sooner, whole) == (Err(EpmdError::UnknownName), Some(Err(EpmdError::Foreign)));
        assert!(whole == Some(sooner) || is_late);
    }
    if let Some(Ok(port)) = whole {
        let port = port.to_be_bytes();
        assert!(said.starts_with(&[b'w', 0, port[0], port[1]]));
        assert!(said[12..].starts_with(name.as_bytes()));
    }
}
