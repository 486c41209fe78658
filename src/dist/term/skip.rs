//! Where a term ends, whatever it is. No recursion: what is nested is counted, and every element is at least a byte.

/// The first byte, and the rest.
pub fn byte(bytes: &[u8]) -> Option<(u8, &[u8])> {
    bytes.split_first().map(|(first, rest)| (*first, rest))
}

/// The first two bytes as a number, and the rest.
pub fn word(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((u16::from_be_bytes(*first), rest))
}

/// The first four bytes as a number, and the rest.
pub fn long(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*first), rest))
}

/// So many bytes, and the rest.
pub fn take(bytes: &[u8], count: u32) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(usize::try_from(count).ok()?)
}

/// What is behind the term that the bytes begin with; `None` if that is not whole, or of no kind that is known.
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
    let (tag, body) = byte(bytes)?;
    // What has a fixed length, a counted one, and a node's name at its beginning.
    let fixed = |count| take(body, count).map(|(_, rest)| (0, rest));
    let behind_node = |body, count| take(skip_atom(body)?, count).map(|(_, rest)| (0, rest));
    match tag {
        // SMALL_INTEGER, INTEGER, FLOAT, NEW_FLOAT, NIL
        97 => fixed(1),
        98 => fixed(4),
        99 => fixed(31),
        70 => fixed(8),
        106 => fixed(0),
        // ATOM, SMALL_ATOM, and their UTF-8 kinds
        100 | 115 | 118 | 119 => Some((0, skip_atom(bytes)?)),
        // STRING, BINARY, BIT_BINARY
        107 => {
            let (length, body) = word(body)?;
            take(body, length.into()).map(|(_, rest)| (0, rest))
        }
        109 => {
            let (length, body) = long(body)?;
            take(body, length).map(|(_, rest)| (0, rest))
        }
        77 => {
            let (length, body) = long(body)?;
            take(body, length.checked_add(1)?).map(|(_, rest)| (0, rest))
        }
        // SMALL_BIG, LARGE_BIG, with a sign
        110 => {
            let (length, body) = byte(body)?;
            take(body, u32::from(length) + 1).map(|(_, rest)| (0, rest))
        }
        111 => {
            let (length, body) = long(body)?;
            take(body, length.checked_add(1)?).map(|(_, rest)| (0, rest))
        }
        // SMALL_TUPLE, LARGE_TUPLE, LIST and its tail, MAP, EXPORT
        104 => byte(body).map(|(count, rest)| (count.into(), rest)),
        105 => long(body).map(|(count, rest)| (count.into(), rest)),
        108 => long(body).map(|(count, rest)| (u64::from(count) + 1, rest)),
        116 => long(body).map(|(count, rest)| (u64::from(count) * 2, rest)),
        113 => Some((3, body)),
        // PID, NEW_PID, PORT, NEW_PORT, V4_PORT
        103 => behind_node(body, 9),
        88 | 120 => behind_node(body, 12),
        102 => behind_node(body, 5),
        89 => behind_node(body, 8),
        // NEW_REFERENCE, NEWER_REFERENCE: so many words behind a creation of one byte, or four
        114 => {
            let (words, body) = word(body)?;
            behind_node(body, u32::from(words) * 4 + 1)
        }
        90 => {
            let (words, body) = word(body)?;
            behind_node(body, u32::from(words) * 4 + 4)
        }
        // NEW_FUN: its size counts itself
        112 => {
            let (size, body) = long(body)?;
            take(body, size.checked_sub(4)?).map(|(_, rest)| (0, rest))
        }
        _ => None,
    }
}

fn skip_atom(bytes: &[u8]) -> Option<&[u8]> {
    let (tag, body) = byte(bytes)?;
    let (length, body) = match tag {
        100 | 118 => word(body)?,
        115 | 119 => byte(body).map(|(length, rest)| (length.into(), rest))?,
        _ => return None,
    };
    take(body, length.into()).map(|(_, rest)| rest)
}
