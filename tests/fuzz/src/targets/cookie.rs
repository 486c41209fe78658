use crate::beam::words::{Syntax, quoted_cookie, split};
use crate::config::Config;
use crate::node::Cookie;
use crate::system::secrets::Text;

/// A cookie, as a variable's value and as a file.
pub fn cookie(bytes: &[u8]) {
    let text = super::text(bytes);
    match Cookie::parse(&text) {
        Ok(cookie) => {
            assert_eq!(cookie.reveal(), text);
            assert_eq!(format!("{cookie} {cookie:?}"), "<cookie> <cookie>");
            reaches_the_vm(&cookie);
        }
        Err(reason) => assert!(bytes.len() < 20 || !reason.contains(&*text), "{reason}"),
    }
    is_read_from_a_file(bytes);
}

/// Quoted for the VM it is one word that means the same, and shows nowhere.
fn reaches_the_vm(cookie: &Cookie) {
    let mut flags = Text::default();
    flags
        .push("-setcookie ")
        .append(&quoted_cookie(cookie))
        .push(" -hidden");
    for syntax in [Syntax::Variable, Syntax::File] {
        let words = split(flags.reveal().to_str().unwrap(), syntax);
        let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(words, ["-setcookie", cookie.reveal(), "-hidden"]);
    }
    assert_eq!(
        format!("{flags} {flags:?}"),
        r#"-setcookie <cookie> -hidden "-setcookie <cookie> -hidden""#
    );
}

/// The same cookie, whatever ends its line; and the same complaint.
fn is_read_from_a_file(bytes: &[u8]) {
    let file = super::MemoryFile::new(bytes);
    let environment = vec![("ERLANG_COOKIE_FILE".into(), file.path().into_os_string())].into();
    let read = Config::read(environment, true);
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(read.is_err());
        return;
    };
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match (read, Cookie::parse(line)) {
        (Ok(config), expected) => assert_eq!(config.cookie.map(|said| said.value), expected.ok()),
        (Err(failure), Err(reason)) => {
            assert!(
                failure.lines.iter().any(|said| said.ends_with(&reason)),
                "{failure:?}"
            );
        }
        (Err(failure), Ok(_)) => panic!("{failure:?}"),
    }
}
