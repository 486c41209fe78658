use crate::beam::words::{Syntax, Word, quote, split, without};
use crate::beam::{FlagSettings, PortFlags, TlsOptions};
use crate::system::Place;
use crate::system::secrets::Text;

/// Flags of the VM: in a variable, in a file, split by a shell.
pub fn flags(bytes: &[u8]) {
    let text = super::text(bytes);
    // Files that flags include are the target vm_args' business, and devices nobody's.
    let text = if text.contains("-args_file") {
        text.replace('/', "_")
    } else {
        text.into_owned()
    };
    for syntax in [Syntax::Variable, Syntax::File, Syntax::Blanks] {
        let words = split(&text, syntax);
        stand_in(&text, &words);
        if syntax != Syntax::Blanks {
            quoted_are_the_same(&words, syntax);
        }
        let read =
            |text: &str| FlagSettings::of_text(text, syntax, &|line| Place::File("x".into(), line));
        let flags = read(&text);
        let spans = flags.spans(PortFlags::Pins);
        assert!(spans.iter().all(|span| text.get(span.clone()).is_some()));
        assert!(spans.is_sorted_by_key(|span| span.start));
        let rest = without(&text, &spans);
        assert!(!super::says_anything(&read(&rest)), "{syntax:?} {rest:?}");
        hides(&flags, &words, &text);
        let count = flags.clone().into_iter().count();
        let (mut some, others) = flags.partition(|place| matches!(place, Place::File(_, 1)));
        some.extend(others);
        assert_eq!(count, some.into_iter().count());
    }
    for side in ["client", "server"] {
        let options = TlsOptions::of_text(&text, side).unwrap_or_default();
        let files = [options.certfile, options.keyfile, options.cacertfile];
        assert!(files.iter().flatten().all(|path| path.len() <= text.len()));
    }
}

/// Each word is where it says.
fn stand_in(text: &str, words: &[Word]) {
    let mut end = 0;
    for word in words {
        assert!(word.span.start >= end && word.span.start < word.span.end);
        assert!(text.get(word.span.clone()).is_some());
        let before = text.get(..word.span.start).unwrap();
        assert_eq!(word.line, 1 + before.matches('\n').count());
        end = word.span.end;
    }
}

fn quoted_are_the_same(words: &[Word], syntax: Syntax) {
    let quoted: Vec<String> = words.iter().map(|word| quote(&word.text)).collect();
    let quoted = quoted.join(" ");
    assert!(!quoted.contains("${"));
    let again = split(&quoted, syntax);
    assert!(
        again
            .iter()
            .map(|word| &word.text)
            .eq(words.iter().map(|word| &word.text))
    );
}

/// The cookie of a flag does not show.
fn hides(flags: &FlagSettings, words: &[Word], text: &str) {
    let shown = Text::concealing(text.as_ref());
    assert_eq!(shown.reveal(), text);
    let is_secret = |text: &str| text.contains(super::SECRET);
    let is_given = flags.cookies().any(|flag| is_secret(&flag.text));
    // Setting once, as it is: in pieces it may stand elsewhere, too.
    let mut said = words.iter().filter(|word| is_secret(&word.text));
    let as_it_is = said
        .next()
        .is_some_and(|word| is_secret(&text[word.span.clone()]));
    if is_given && as_it_is && said.next().is_none() && text.matches(super::SECRET).count() == 1 {
        assert!(!is_secret(&shown.to_string()), "{shown}");
        assert!(!is_secret(&format!("{shown:?} {flags:?}")));
    }
}
