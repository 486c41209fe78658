//! What holds for every text, not just for those in the tables.

use proptest::prelude::*;

use super::tests::COOKIE;
use super::*;

/// What may stand around a flag, in a shell's text or in a file.
fn around() -> impl Strategy<Value = String> {
    let words = vec![
        "erl",
        "-x",
        "C=1",
        "-setcookie",
        "--cookie",
        "-nocookie",
        "'",
        "\"",
        "$(",
        ")",
        "`",
        "|",
        "&&",
        ";",
        "\\",
        "\n",
        "#",
        ">",
        "2>&1",
        "/etc/cookie",
        "+K",
        "a@b",
    ];
    let blank = prop::sample::select(vec!["", " ", "\t"]);
    let word =
        (prop::sample::select(words), blank).prop_map(|(word, blank)| format!("{word}{blank}"));
    prop::collection::vec(word, 0..6).prop_map(|words| words.concat())
}

#[test]
fn reads_a_long_text() {
    let text = "a=".repeat(1 << 16) + "cookie=S3CRET";
    assert_eq!(shown(&text), "a=<cookie>");
    let words = "a=b ".repeat(1 << 15) + "--cookie=S3CRET";
    assert!(!shown(&words).contains(COOKIE));
}

proptest! {
    #[test]
    fn hides_what_stands_behind_a_flag(
        before in around(),
        flag in prop::sample::select(vec![
            "-setcookie ", "-setcookie\t", "-setcookie n@h ", "--cookie ", "--cookie=", "X_COOKIE=", "-setcookie '",
            "-setcookie \"", "-setcookie \\\n", "-set'cookie' ", "-env COOKIE ", "--erlang-cookie ",
        ]),
        after in around(),
    ) {
        let text = format!("{before} {flag}{COOKIE}{after}");
        prop_assert!(!shown(&text).contains(COOKIE), "{text:?}");
        prop_assert!(!shown_file(&text).contains(COOKIE), "{text:?}");
        prop_assert!(!shown_value("ERL_FLAGS", &text).contains(COOKIE), "{text:?}");
        let words = ["sh", "-c", &text, &after];
        prop_assert!(!shown_words(&words).concat().contains(COOKIE), "{text:?}");
    }

    #[test]
    fn leaves_alone_what_speaks_of_no_cookie(text in "[ -~\n]{0,40}") {
        prop_assume!(!is_mentioned(text.as_bytes()));
        prop_assert_eq!(shown(&text), text.as_str());
        prop_assert_eq!(shown_file(&text), text.as_str());
        prop_assert!(!is_in_variable(b"X", text.as_bytes()));
    }
}
