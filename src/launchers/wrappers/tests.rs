#![allow(clippy::unwrap_used)]
use super::*;

fn shown(wrapper: Wrapper) -> String {
    let stays = if wrapper.is_replaced { "" } else { "stays|" };
    let user = wrapper.user.map(|user| format!("user {user}|"));
    let assigned = wrapper.assignments.iter();
    let assigned = assigned.map(|(name, value)| format!("{}={}", name.display(), value.display()));
    let words = wrapper.words.iter().map(|word| word.display().to_string());
    let words: Vec<String> = assigned.chain(words).collect();
    format!("{stays}{}{}", user.unwrap_or_default(), words.join("|"))
}

#[test]
fn takes_off_what_is_certain() {
    for (words, expected) in [
        (
            &["env", "A=b c", "D=", "erl", "-x"][..],
            Some("A=b c|D=|erl|-x"),
        ),
        (&["/usr/bin/env", "--", "A=b=c", "erl"], Some("A=b=c|erl")),
        (&["env", "erl"], Some("erl")),
        (&["env", "-i", "erl"], None),
        (&["env", "A=b", "-u", "C", "erl"], None),
        (&["env", "A=b"], None),
        (&["env", "=b", "erl"], Some("=b|erl")),
        (&["sh", "-c", "exec bin/app start"], Some("bin/app|start")),
        (&["/bin/sh", "-c", " erl\t-noinput "], Some("erl|-noinput")),
        (
            &["bash", "-c", "A=1 exec erl -eval 'a() -> \"$b\".' \"c d\"e"],
            Some("A=1|erl|-eval|a() -> \"$b\".|c de"),
        ),
        (&["sh", "-ec", "erl"], Some("erl")),
        (&["bash", "-lc", "erl"], Some("stays|erl")),
        (&["sh", "-ic", "erl"], None),
        (&["sh", "-c", "exec erl ''"], Some("erl|")),
        (&["sh", "-c", "exec erl", "name"], None),
        (&["sh", "-c", "'A'=1 erl"], None),
        (&["sh", "-c", "A'B'=1 erl"], None),
        (&["sh", "-c", "1=1 erl"], None),
        (&["sh", "-c", "A='x y' B=1'2' erl"], Some("A=x y|B=12|erl")),
        (&["sh", "-c", "exec -a b erl"], None),
        (&["sh", "-c", "erl; true"], None),
        (&["sh", "-c", "exec erl \"$@\""], None),
        (&["sh", "-c", "exec erl $X"], None),
        (&["sh", "-c", "exec erl *"], None),
        (&["sh", "-c", "exec erl ~"], None),
        (&["sh", "-c", "exec erl &"], None),
        (&["sh", "-c", "exec erl >/dev/null"], None),
        (&["sh", "-c", "exec erl {a,b}"], None),
        (&["sh", "-c", "exec erl # no"], None),
        (&["sh", "-c", "a\nerl"], None),
        (
            &["sh", "-c", "bin/migrate && exec bin/server"],
            Some("stays|bin/server"),
        ),
        (
            &["sh", "-ec", "\n  x \"$A\" || y\n  exec erl a 'b c'\n"],
            Some("stays|erl|a|b c"),
        ),
        (
            &["sh", "-c", "if a; then b; fi; exec erl"],
            Some("stays|erl"),
        ),
        (&["sh", "-c", "bin/migrate && bin/server"], None),
        (&["sh", "-c", "if a; then exec erl; fi"], None),
        (&["sh", "-c", "a && exec erl $X"], None),
        (&["sh", "-c", "a || exec erl"], None),
        (&["sh", "-c", "a & exec erl"], None),
        (&["sh", "-c", "(a && exec erl)"], None),
        (&["sh", "-c", "echo $X 'a && exec erl'"], None),
        (&["sh", "-c", "echo 'a' && exec erl \"b"], None),
        (&["sh", "-c", "exec erl 'a"], None),
        (&["sh", "-c", "exec"], None),
        (&["sh", "-c", ""], None),
        (&["sh", "-c"], None),
        (&["sh", "script", "x"], Some("stays|script|x")),
        (&["sh", "-e", "script"], None),
        (&["nice", "erl"], None),
    ] {
        let words: Vec<OsString> = words.iter().map(Into::into).collect();
        let wrapper = Wrapper::of_program(&words, &Environment::default()).map(shown);
        assert_eq!(wrapper.as_deref(), expected, "{words:?}");
    }
}

#[test]
fn finds_what_an_init_or_another_user_runs() {
    for (words, expected) in [
        (
            &["gosu", "app:app", "erl"][..],
            Some("stays|user app:app|erl"),
        ),
        (&["su-exec", "app", "erl"], Some("stays|user app|erl")),
        (
            &["setpriv", "--reuid=app", "--init-groups", "erl"],
            Some("stays|user app|erl"),
        ),
        (
            &["setpriv", "--reuid", "app", "--regid", "0", "--nnp", "erl"],
            Some("stays|user app|erl"),
        ),
        (&["tini", "-g", "--", "erl", "-x"], Some("stays|erl|-x")),
        (&["tini", "-e", "143", "erl"], Some("stays|erl")),
        (
            &["dumb-init", "--rewrite", "15:3", "erl"],
            Some("stays|erl"),
        ),
        (
            &["su", "app", "-c", "A=1 exec bin/app start"],
            Some("stays|user app|A=1|bin/app|start"),
        ),
        (
            &["su", "-s", "/bin/sh", "-c", "erl", "app"],
            Some("stays|user app|erl"),
        ),
        (&["su", "-", "app", "-c", "erl"], None),
        (&["su", "app", "erl"], None),
        (&["su", "app", "-c"], None),
        (&["runuser", "app", "-c", "erl"], Some("stays|user app|erl")),
        (
            &["runuser", "-u", "app", "--", "erl"],
            Some("stays|user app|erl"),
        ),
        (&["dumb-init", "--"], Some("stays|")),
    ] {
        let words: Vec<OsString> = words.iter().map(Into::into).collect();
        let wrapper = Wrapper::of_program(&words, &Environment::default()).map(shown);
        assert_eq!(wrapper.as_deref(), expected, "{words:?}");
    }
}

#[test]
fn a_bash_that_reads_a_file_first_stays() {
    let words: Vec<OsString> = ["bash", "-c", "erl"].iter().map(Into::into).collect();
    let environment = vec![("BASH_ENV".into(), "/x".into())].into();
    let wrapper = Wrapper::of_program(&words, &environment).map(shown);
    assert_eq!(wrapper.as_deref(), Some("stays|erl"));
}

#[test]
fn finds_the_exec_that_a_script_ends_in() {
    let phoenix =
        "/bin/sh\nset -eu\n\ncd -P -- \"$(dirname -- \"$0\")\"\nPHX_SERVER=true exec ./app start\n";
    for (text, expected) in [
        (phoenix, Some("/r/bin / ./app start")),
        (
            "/bin/sh\nbin/app eval x || exit 1\ncd /app\nexec bin/app start\n# end",
            Some("/app / bin/app start"),
        ),
        (
            "/bin/bash\nif x; then\n  exec y\nfi\nexec \"$@\"",
            Some("- / one two"),
        ),
        (
            "/bin/sh\nexec bin/app start \"$@\"",
            Some("- / bin/app start one two"),
        ),
        (
            "/bin/sh\ncd /app\nbin/migrate && exec bin/server \"$@\"",
            Some("/app / bin/server one two"),
        ),
        (
            "/bin/sh\ncd /app && bin/migrate; exec bin/server",
            Some("/app / bin/server"),
        ),
        ("/bin/sh\nexec bin/app start\necho never", None),
        ("/bin/sh\nexec bin/app $X", None),
        ("/bin/sh\nif true; then\nexec bin/app start\nfi", None),
        ("/bin/sh\nbin/app start", None),
        ("/bin/sh\n", None),
        ("/usr/bin/perl\nexec bin/app start", None),
    ] {
        let script = Script {
            file: "/r/bin/server".into(),
            text: text.into(),
            root: "/r".into(),
            name: "server".into(),
        };
        let command = Command {
            words: vec!["x".into(), "one".into(), "two".into()],
            file: "/r/bin/server".into(),
        };
        let wrapper = Wrapper::of_script(&script, &command).map(|wrapper| {
            let folder = wrapper.folder.unwrap_or("-".into());
            let words: Vec<_> = wrapper
                .words
                .iter()
                .filter_map(|word| word.to_str())
                .collect();
            format!("{} / {}", folder.display(), words.join(" "))
        });
        assert_eq!(wrapper.as_deref(), expected, "{text}");
    }
}
