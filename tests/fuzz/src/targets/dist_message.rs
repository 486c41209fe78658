use crate::dist::call::answer;
use crate::dist::term::Term;
use crate::system::printable::one_line;

/// A message from a node: is it the answer to a call, and what does it say?
pub fn dist_message(bytes: &[u8]) {
    if let Some((_, term)) = answer(bytes) {
        look(&term, 4);
    }
    let Some((term, rest)) = Term::decode(bytes) else {
        return;
    };
    look(&term, 4);
    // No piece of a term is one, and what follows changes nothing.
    let whole = bytes.len() - rest.len();
    for end in 0..whole.min(256) {
        assert!(Term::decode(&bytes[..end]).is_none());
    }
    assert_eq!(Term::decode(&bytes[..whole]), Some((term, &[][..])));
}

/// As those look at it who asked.
fn look(term: &Term, deep: usize) {
    let shown = term.to_string();
    assert!(shown.chars().count() <= 201);
    let is_obeyed = |c: char| c.is_control() && c != '\t';
    assert!(!one_line(&shown).contains(is_obeyed));
    assert!(term.atom().is_none_or(|name| term.is_atom(name)));
    if let Some([first, _]) = term.tuple() {
        assert!(term.tuple::<3>().is_none());
        look(&first, 0);
    }
    if deep > 0 {
        for item in term.list().into_iter().flatten().take(100) {
            look(&item, deep - 1);
        }
    }
}
