#![allow(clippy::unwrap_used)]
use crate::dist::term::*;

/// What `term_to_binary/1` of OTP 25 makes of some terms, and how we show them.
const TABLE: &[(&str, &[u8])] = &[
    ("ok", b"\x83\x77\x02ok"),
    ("ok", b"\x83d\0\x02ok"),
    ("1", b"\x83\x61\x01"),
    ("-2", b"\x83\x62\xff\xff\xff\xfe"),
    ("_", b"\x83\x46\x3f\xf8\0\0\0\0\0\0"),
    ("_", b"\x83\x6e\x05\0\0\0\0\0\x01"),
    ("[]", b"\x83\x6a"),
    ("\"ab\"", b"\x83\x6b\0\x02ab"),
    ("\"a\nb\"", b"\x83\x6d\0\0\0\x03a\nb"),
    ("[a,b]", b"\x83\x6c\0\0\0\x02\x77\x01a\x77\x01b\x6a"),
    ("[a]", b"\x83\x6c\0\0\0\x01\x77\x01a\x77\x01b"),
    ("{a,{},[]}", b"\x83\x68\x03\x77\x01a\x68\0\x6a"),
    ("{a}", b"\x83\x69\0\0\0\x01\x77\x01a"),
    ("_", b"\x83\x74\0\0\0\x01\x77\x01a\x61\x01"),
    ("<pid>", b"\x83\x58\x77\x03a@b\0\0\0\x01\0\0\0\0\0\0\0\x05"),
    ("<pid>", b"\x83\x67\x77\x03a@b\0\0\0\x01\0\0\0\0\x05"),
    (
        "_",
        b"\x83\x5a\0\x02\x77\x03a@b\0\0\0\x05\0\0\0\x01\0\0\0\x02",
    ),
    ("_", b"\x83\x72\0\x01\x77\x03a@b\x05\0\0\0\x01"),
    ("_", b"\x83\x78\x77\x03a@b\0\0\0\0\0\0\0\x01\0\0\0\x05"),
    ("_", b"\x83\x59\x77\x03a@b\0\0\0\x01\0\0\0\x05"),
    ("_", b"\x83\x66\x77\x03a@b\0\0\0\x01\x05"),
    ("_", b"\x83\x71\x77\x01m\x77\x01f\x61\x02"),
    ("_", b"\x83\x70\0\0\0\x06\x01\x02"),
    ("_", b"\x83\x4d\0\0\0\x01\x03\xa0"),
    ("_", b"\x83\x6f\0\0\0\x02\0\x01\x02"),
];

#[test]
fn reads_every_kind_of_term() {
    for (shown, bytes) in TABLE {
        // What follows is not touched, and no piece of a term is one.
        let followed = [*bytes, b"more".as_slice()].concat();
        let (term, rest) = Term::decode(&followed).unwrap_or_else(|| panic!("{shown}"));
        assert_eq!(
            (term.to_string().as_str(), rest),
            (*shown, b"more".as_slice())
        );
        for end in 0..bytes.len() {
            assert_eq!(Term::decode(&bytes[..end]), None, "{shown} up to {end}");
        }
    }
}

#[test]
fn takes_terms_apart() {
    let bytes = b"\x83\x68\x02\x77\x06badrpc\x6c\0\0\0\x02\x77\x01a\x61\x07\x6a";
    let (term, _) = Term::decode(bytes).unwrap();
    let [tag, list] = term.tuple().unwrap();
    assert!(tag.is_atom("badrpc") && !tag.is_atom("bad"));
    assert_eq!(tag.atom(), Some("badrpc"));
    let items: Vec<Term> = list.list().unwrap().collect();
    assert_eq!(items, [Term::Atom(b"a"), Term::Integer(7)]);
    assert_eq!(term.tuple::<1>(), None);
    assert_eq!(term.tuple::<3>(), None);
    assert_eq!(tag.tuple::<1>(), None);
    assert!(term.list().is_none() && term.atom().is_none());
}

#[test]
fn what_is_announced_and_does_not_come_costs_nothing() {
    for bytes in [
        b"\x83\x6c\xff\xff\xff\xff\x6a".as_slice(),
        b"\x83\x69\xff\xff\xff\xff",
        b"\x83\x74\xff\xff\xff\xff",
        b"\x83\x6d\xff\xff\xff\xffabc",
        b"\x83\x4d\xff\xff\xff\xff\x01abc",
        b"\x83\x6f\xff\xff\xff\xff\x01abc",
        b"\x83\x70\0\0\0\x03",
        // Compressed terms, and a tag that there is none of.
        b"\x83\x50\0\0\x10\0abc",
        b"\x83\x01",
        b"\x82\x6a",
        b"",
    ] {
        assert_eq!(Term::decode(bytes), None, "{bytes:?}");
    }
    // However deep.
    let deep = [b"\x83".as_slice(), &b"\x68\x01".repeat(500_000), b"\x6a"].concat();
    let (term, _) = Term::decode(&deep).unwrap();
    assert_eq!(term.to_string(), "{{{{{{{{{…}}}}}}}}}");
    let wide = [
        b"\x83\x6c\0\x01\0\0".as_slice(),
        &b"\x61\x01".repeat(65536),
        b"\x6a",
    ]
    .concat();
    let shown = Term::decode(&wide).unwrap().0.to_string();
    assert!(shown.starts_with("[1,1,1") && shown.ends_with('…') && shown.len() < 210);
}

#[test]
fn writes_what_it_reads() {
    let said = OutTerm::Tuple(vec![
        OutTerm::Atom("$gen_call"),
        OutTerm::Integer(-1),
        OutTerm::List(vec![OutTerm::Atom("a"), OutTerm::List(Vec::new())]),
        OutTerm::Pid("a@b", 5),
    ]);
    let mut bytes = vec![VERSION];
    said.encode(&mut bytes);
    let (term, rest) = Term::decode(&bytes).unwrap();
    assert!(rest.is_empty());
    assert_eq!(term.to_string(), "{$gen_call,-1,[a,[]],<pid>}");
}
