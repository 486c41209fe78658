//! The cookie of a VM that was given none: in the file that it reads, or made when it found none.
//!
//! <https://www.erlang.org/doc/system/distributed.html#security>

use std::path::Path;

use crate::launch::config::Config;
use crate::launch::node::Cookie;

/// The file's name.
const NAME: &str = ".erlang.cookie";

/// The cookie of HOME, else that of the user's configuration.
pub fn of_files(config: &Config) -> Option<Cookie> {
    let home = config.variable("HOME").map(Path::new);
    let configs = config.variable("XDG_CONFIG_HOME").map(Path::new);
    let configs = configs
        .map(|folder| folder.join("erlang"))
        .or_else(|| Some(home?.join(".config/erlang")));
    let mut folders = home.map(Path::to_owned).into_iter().chain(configs);
    folders.find_map(|folder| {
        let text = std::fs::read_to_string(folder.join(NAME)).ok()?;
        Cookie::parse(text.trim_end_matches(['\n', '\r'])).ok()
    })
}
