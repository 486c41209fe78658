//! Finds the end of a term of any kind, without recursion: nested terms are counted, and each is at least a byte.

/// The number in the first bytes, at most four, and the rest.
pub fn number(size: usize, bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_at_checked(size)?;
    let digits = digits.iter().map(|digit| u32::from(*digit));
    Some((digits.fold(0, |sum, digit| sum * 256 + digit), rest))
}

/// The bytes after the term that they begin with; `None` if it is not complete, or of an unknown kind.
pub fn skip(mut bytes: &[u8]) -> Option<&[u8]> {
    let mut open: u64 = 1;
    while open > 0 {
        let (inside, rest) = head(bytes)?;
        open = open - 1 + inside;
        bytes = rest;
    }
    Some(bytes)
}

/// Skips a term up to its elements; gives how many terms those are.
fn head(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (tag, body) = bytes.split_first()?;
    let count = |size| number(size, body).map(|(count, _)| u64::from(count));
    // The bytes after the tag, and the elements after those.
    let (length, elements) = match *tag {
        // SMALL_INTEGER, INTEGER, FLOAT, NEW_FLOAT, NIL
        97 => (1, 0),
        98 => (4, 0),
        99 => (31, 0),
        70 => (8, 0),
        106 => (0, 0),
        // ATOM and STRING, SMALL_ATOM, and the UTF-8 kinds of atoms
        100 | 107 | 118 => (2 + count(2)?, 0),
        115 | 119 => (1 + count(1)?, 0),
        // BINARY; BIT_BINARY with its bits, SMALL_BIG and LARGE_BIG with their sign
        109 => (4 + count(4)?, 0),
        110 => (2 + count(1)?, 0),
        77 | 111 => (5 + count(4)?, 0),
        // SMALL_TUPLE, LARGE_TUPLE, LIST and its tail, MAP, EXPORT
        104 => (1, count(1)?),
        105 => (4, count(4)?),
        108 => (4, count(4)? + 1),
        116 => (4, count(4)? * 2),
        113 => (0, 3),
        // PID, NEW_PID, PORT, NEW_PORT, V4_PORT
        103 => (node(body)? + 9, 0),
        88 | 120 => (node(body)? + 12, 0),
        102 => (node(body)? + 5, 0),
        89 => (node(body)? + 8, 0),
        // NEW_REFERENCE, NEWER_REFERENCE: so many words after a creation of one byte, or four
        114 => (2 + node(body.get(2..)?)? + count(2)? * 4 + 1, 0),
        90 => (2 + node(body.get(2..)?)? + count(2)? * 4 + 4, 0),
        // NEW_FUN: its size includes itself
        112 => (count(4).filter(|size| *size >= 4)?, 0),
        _ => return None,
    };
    let rest = body.get(usize::try_from(length).ok()?..)?;
    Some((elements, rest))
}

/// The length of the atom that the bytes begin with.
fn node(bytes: &[u8]) -> Option<u64> {
    let [100 | 115 | 118 | 119, ..] = bytes else {
        return None;
    };
    let (_, rest) = head(bytes)?;
    u64::try_from(bytes.len() - rest.len()).ok()
}
