use crate::system::secrets::*;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

/// In every text of these tables where a cookie stands, and nowhere else.
pub const COOKIE: &str = "S3CRET";

#[test]
fn shows_words_with_blanks_between_them() {
    for (text, expected) in [
        // Nothing of a cookie.
        ("", ""),
        ("-name a@b +K true", "-name a@b +K true"),
        (
            "erl -eval 'a() -> \"$b\".' | tee",
            "erl -eval 'a() -> \"$b\".' | tee",
        ),
        // Flags with blanks between them are read word by word.
        ("-setcookie", "-setcookie"),
        ("-nocookie -name a", "-nocookie -name a"),
        (
            "-name a -setcookie S3CRET -x",
            "-name a -setcookie <cookie> -x",
        ),
        ("-setcookie  S3CRET\t-x", "-setcookie  <cookie>\t-x"),
        (
            "-setcookie a@b S3CRET -x",
            "-setcookie <cookie> <cookie> -x",
        ),
        ("-setcookie mycookie -x y", "-setcookie <cookie> -x y"),
        (
            "-setcookie mycookie S3CRET -x",
            "-setcookie <cookie> <cookie> -x",
        ),
        ("-setcookie -S3CRET -x", "-setcookie <cookie> -x"),
        ("-setcookie +S3CRET", "-setcookie <cookie>"),
        (
            "-setcookie -setcookie S3CRET",
            "-setcookie <cookie> <cookie>",
        ),
        ("iex --cookie S3CRET x.exs", "iex --cookie <cookie> x.exs"),
        (
            "--erlang-cookie S3CRET status",
            "--erlang-cookie <cookie> status",
        ),
        ("erl --cookie=S3CRET -x", "erl --cookie=<cookie> -x"),
        ("erl --setcookie=S3CRET", "erl --setcookie=<cookie>"),
        ("-env RELEASE_COOKIE S3CRET -x", "-env <cookie> <cookie> -x"),
        ("nice erl -setcookie S3CRET", "nice erl -setcookie <cookie>"),
        (
            "env A=1 COOKIE=S3CRET erl -x",
            "env A=1 COOKIE=<cookie> erl -x",
        ),
        ("cookie = S3CRET", "<cookie> <cookie> <cookie>"),
        ("cookie: S3CRET", "<cookie> <cookie>"),
        ("Node.set_cookie n, :S3CRET", "<cookie> <cookie> <cookie>"),
        (
            "erl_call -c S3CRET -n x",
            "erl_call <cookie> <cookie> <cookie> <cookie>",
        ),
        ("/b/erl_call -c S3CRET", "/b/erl_call <cookie> <cookie>"),
        (
            "x -args_file /etc/cookie.args -y",
            "x -args_file /etc/cookie.args -y",
        ),
        ("-setcookie S3\u{fffd}CRET -x", "-setcookie <cookie> -x"),
        // One word that is not the flag itself.
        ("mycookie", "<cookie>"),
        ("-setcookieS3CRET", "<cookie>"),
        ("-setcookie:S3CRET", "<cookie>"),
        ("--cookie=S3CRET", "--cookie=<cookie>"),
        ("--cookie='S3 CRET'", "--cookie=<cookie>"),
        ("{cookie,S3CRET}", "<cookie>"),
        ("erlang:set_cookie(n,'S3CRET').", "<cookie>"),
        ("COOKIE=S3CRET", "COOKIE=<cookie>"),
        ("COOKIE=", "COOKIE="),
        ("cookie_of_node=S3CRET x", "cookie_of_node=<cookie>"),
        (
            "ERLANG_COOKIE_FILE=/run/cookie",
            "ERLANG_COOKIE_FILE=/run/cookie",
        ),
        ("ERLANG_COOKIE_FILE=S3CRET", "ERLANG_COOKIE_FILE=<cookie>"),
        (
            "ERL_FLAGS=-setcookie S3CRET -x",
            "ERL_FLAGS=-setcookie <cookie> -x",
        ),
        ("ERL_FLAGS=-setcookie 'S3CRET'", "ERL_FLAGS=<cookie>"),
    ] {
        let shown = shown(text);
        assert_eq!(shown, expected, "{text:?}");
        assert!(!shown.contains(COOKIE), "{text:?}");
    }
}

#[test]
fn shows_little_of_what_a_shell_may_read_in_its_own_way() {
    for (text, expected) in [
        (
            "erl -setcookie S3CRET | tee /log",
            "erl -setcookie <cookie>",
        ),
        ("erl -setcookie S3CRET && true", "erl -setcookie <cookie>"),
        ("erl -setcookie S3CRET 2>&1", "erl -setcookie <cookie>"),
        ("erl -setcookie S3CRET; true", "erl -setcookie <cookie>"),
        ("erl -setcookie S3CRET # S3CRET", "erl -setcookie <cookie>"),
        ("erl -setcookie 'S3 CRET' -x", "erl -setcookie <cookie>"),
        ("erl -setcookie \\\n S3CRET", "erl -setcookie <cookie>"),
        ("erl -setcookie\\\nS3CRET", "<cookie>"),
        ("erl \\\n -setcookie S3CRET", "<cookie>"),
        ("erl -setcookie\nS3CRET", "erl -setcookie <cookie>"),
        ("erl -set'cookie' S3CRET", "<cookie>"),
        ("erl -setcoo\\\nkie S3CRET", "<cookie>"),
        ("erl \"-setcookie\" S3CRET", "<cookie>"),
        ("erl --cookie=S3CRET | tee", "erl --cookie=<cookie>"),
        ("iex --cookie \"S3CRET\"", "iex --cookie <cookie>"),
        ("su a -c \"erl -setcookie S3CRET\"", "<cookie>"),
        ("$(echo -setcookie) S3CRET", "<cookie>"),
        ("cd /; RELEASE_COOKIE=S3CRET erl", "<cookie>"),
        (
            "RELEASE_COOKIE='S3 CRET' exec erl",
            "RELEASE_COOKIE=<cookie>",
        ),
        (
            "exec env RELEASE_COOKIE='S3 CRET' erl",
            "exec env RELEASE_COOKIE=<cookie>",
        ),
        ("C=S3CRET; erl -setcookie $C", "C=<cookie>"),
        ("C=S3CRET erl -setcookie $C", "C=<cookie>"),
        ("export C=S3CRET; erl -setcookie $C", "<cookie>"),
        ("set S3CRET; erl -setcookie $1", "<cookie>"),
        ("echo S3CRET > ~/.erlang.cookie", "<cookie>"),
        (": ${ERLANG_COOKIE:=S3CRET}", "<cookie>"),
        ("erl -args_file <(echo -setcookie S3CRET)", "<cookie>"),
        ("erl -eval \"erlang:set_cookie('S3CRET')\"", "<cookie>"),
        ("Cookie: \"S3CRET\"", "<cookie>"),
    ] {
        let shown = shown(text);
        assert_eq!(shown, expected, "{text:?}");
        assert!(!shown.contains(COOKIE), "{text:?}");
    }
}

#[test]
fn shows_words() {
    for (words, expected) in [
        (&["erl", "-x", "c"][..], &["erl", "-x", "c"][..]),
        (
            &["erl", "-setcookie", "S3CRET", "-x"],
            &["erl", "-setcookie", "<cookie>", "-x"],
        ),
        (
            &["erl", "-setcookie", "n@h", "S3CRET", "y"],
            &["erl", "-setcookie", "<cookie>", "<cookie>", "y"],
        ),
        (
            &["erl", "-setcookie", "-S3CRET"],
            &["erl", "-setcookie", "<cookie>"],
        ),
        (
            &["/bin/set-cookie", "S3CRET", "-x"],
            &["/bin/set-cookie", "<cookie>", "-x"],
        ),
        (
            &["/cookies/bin/app", "start", "-x"],
            &["/cookies/bin/app", "start", "-x"],
        ),
        (
            &["erl", "-env", "ERLANG_COOKIE", "S3CRET"],
            &["erl", "-env", "<cookie>", "<cookie>"],
        ),
        (
            &["iex", "--cookie", "S3CRET", "x"],
            &["iex", "--cookie", "<cookie>", "x"],
        ),
        (
            &["rabbitmqctl", "--erlang-cookie", "S3CRET", "status"],
            &["rabbitmqctl", "--erlang-cookie", "<cookie>", "status"],
        ),
        (
            &["elixir", "--erl", "-name a -setcookie S3CRET -x", "y"],
            &["elixir", "--erl", "-name a -setcookie <cookie> -x", "y"],
        ),
        (
            &["elixir", "--erl", "-setcookie 'S3 CRET'", "-S", "mix"],
            &["elixir", "--erl", "-setcookie <cookie>", "-S", "mix"],
        ),
        (
            &["ssh", "h", "cd /; erl -setcookie", "S3CRET", "-x"],
            &["ssh", "h", "<cookie>", "<cookie>", "-x"],
        ),
        (
            &["env", "-i", "A=b", "ERLANG_COOKIE=S3 CRET", "erl"],
            &["env", "-i", "A=b", "ERLANG_COOKIE=<cookie>", "erl"],
        ),
        (
            &["sh", "-c", "erl -setcookie \"$1\"", "sh", "S3CRET", "-x"],
            &[
                "sh",
                "-c",
                "erl -setcookie <cookie>",
                "<cookie>",
                "<cookie>",
                "<cookie>",
            ],
        ),
        (
            &["env", "C=S3CRET", "sh", "-c", "exec erl -setcookie $C"],
            &[
                "env",
                "C=<cookie>",
                "sh",
                "-c",
                "exec erl -setcookie <cookie>",
            ],
        ),
        (
            &["erl_call", "-sname", "x", "-c", "S3CRET"],
            &["erl_call", "<cookie>", "<cookie>", "<cookie>", "<cookie>"],
        ),
    ] {
        assert_eq!(shown_words(words), expected);
    }
}

#[test]
fn shows_words_that_are_not_utf8() {
    let words: [&[u8]; 5] = [
        b"sh",
        b"-c",
        b"erl -setcookie S3CRET\xff | tee",
        b"--cookie=S3CRET\xff",
        b"-setcoo\xffkie S3CRET",
    ];
    let words = words.map(|word| OsString::from_vec(word.to_vec()));
    assert_eq!(
        shown_words(&words),
        [
            "sh",
            "-c",
            "erl -setcookie <cookie>",
            "--cookie=<cookie>",
            "<cookie> <cookie>"
        ]
    );
}

#[test]
fn shows_values_by_the_name_of_their_variable() {
    for (name, value, expected) in [
        ("ERLANG_COOKIE", "S3CRET", "<cookie>"),
        ("RABBITMQ_ERLANG_COOKIE", "S3CRET", "<cookie>"),
        ("EMQX_NODE__COOKIE", "S3CRET", "<cookie>"),
        ("MY_COOKIE_VALUE", "S3CRET", "<cookie>"),
        ("cookie", "S3CRET", "<cookie>"),
        ("ERLANG_COOKIE", "", ""),
        (
            "ERLANG_COOKIE_FILE",
            "/run/secrets/erlang",
            "/run/secrets/erlang",
        ),
        ("ERLANG_COOKIE_FILE", "S3CRET", "<cookie>"),
        (
            "ERL_AFLAGS",
            "-setcookie S3CRET +K true",
            "-setcookie <cookie> +K true",
        ),
        (
            "ELIXIR_ERL_OPTIONS",
            "-setcookie 'S3CRET'",
            "-setcookie <cookie>",
        ),
        ("BEAMINIT_COOKIE_VIA", "file", "file"),
        ("BEAMINIT_COOKIE_VIA", "S3CRET", "<cookie>"),
        ("BEAMINIT_COOKIE", "S3CRET", "<cookie>"),
        ("HOSTNAME", "app-0", "app-0"),
    ] {
        assert_eq!(shown_value(name, value), expected, "{name}={value}");
    }
}

#[test]
fn knows_which_variables_hold_a_cookie() {
    for (name, value, holds) in [
        ("ERLANG_COOKIE", "S3CRET", true),
        ("RELEASE_COOKIE", "", true),
        ("ERLANG_COOKIE_FILE", "S3CRET", true),
        ("ERL_AFLAGS", "-setcookie S3CRET", true),
        ("X", "--cookie=S3CRET", true),
        ("X", "rabbitmqctl --erlang-cookie S3CRET", true),
        ("X", "{cookie,'S3CRET'}", true),
        ("ERLANG_COOKIE_FILE", "/run/secrets/cookie", false),
        ("ERLANG_COOKIE_FILE", "./S3CRET", true),
        ("BEAMINIT_COOKIE_VIA", "S3CRET", true),
        ("BEAMINIT_COOKIE_VIA", "arg", false),
        ("KUBECONFIG", "/home/cookie/a:/b", false),
        ("HTTPS_PROXY", "http://cookie.example.com:3128", false),
        ("HOSTNAME", "cookie-shop-0", false),
        ("HOME", "/srv", false),
    ] {
        let held = is_in_variable(name.as_bytes(), value.as_bytes());
        assert_eq!(held, holds, "{name}={value}");
    }
}

#[test]
fn shows_names() {
    for (name, expected) in [
        ("/srv/cookie shop", "/srv/cookie <cookie>"),
        ("bin/cookie_shop", "bin/cookie_shop"),
        ("cookies", "cookies"),
        ("erl -x", "erl -x"),
        ("erl -setcookie S3CRET", "erl -setcookie <cookie>"),
        ("COOKIE=S3CRET", "COOKIE=<cookie>"),
    ] {
        assert_eq!(shown_name(name), expected);
    }
}

#[test]
fn shows_files_of_flags() {
    for (text, expected) in [
        ("## Name\n-name a\n\n", "## Name\n-name a\n\n"),
        (
            "## Cookie for distributed erlang\n\n+K true\n-x 'a b'",
            "# <cookie>\n\n+K true\n-x 'a b'",
        ),
        (
            "# cookie:\n# S3CRET\n+K true\n",
            "# <cookie>\n# <cookie>\n+K true\n",
        ),
        (
            "  -setcookie S3CRET -x\r\n+K true",
            "  -setcookie <cookie> -x\r\n+K true",
        ),
        (
            "-x -setcookie\n# S3CRET\n\nS3CRET\n-y",
            "-x -setcookie\n# <cookie>\n\n<cookie>\n-y",
        ),
        ("-env COOKIE S3CRET\n-x", "-env <cookie> <cookie>\n-x"),
        (
            "-setcookie S3CRET # S3CRET\n\n+K true 'x'\n",
            "-setcookie <cookie>\n\n<cookie>\n",
        ),
        (
            "-x 'a' -setcookie\n'n@h'\nS3CRET\n-y",
            "<cookie>\n<cookie>\n<cookie>\n-y",
        ),
        (
            "-env COOKIE S3CRET\n-env X 'a'\n+K true\n",
            "-env <cookie> <cookie>\n-env X 'a'\n+K true\n",
        ),
        (
            "-env X 'erl -setcookie S3CRET'\n+K true\n",
            "<cookie>\n+K true\n",
        ),
        ("+K true # S3CRET, the cookie\n", "<cookie>\n"),
        ("-setcookie \\\nS3CRET\n", "-setcookie <cookie>\n"),
        ("-setcoo\\\nkie S3CRET\n", "<cookie>\n"),
        (
            "-setcookie 'S3\nCRET or\n S3CRET'\n",
            "-setcookie <cookie>\n<cookie> <cookie>\n<cookie>\n",
        ),
    ] {
        let shown = shown_file(text);
        assert_eq!(shown, expected, "{text:?}");
        assert!(!shown.contains(COOKIE), "{text:?}");
    }
}
