//! The cookie of a VM that was given none: in the file that it reads, or made when it found none.
//!
//! <https://www.erlang.org/doc/system/distributed.html#security>

use crate::launch::config::Config;
use crate::launch::config::cookie::read_file;
use crate::launch::node::Cookie;
use crate::launch::plan::cookie_file;

/// The first that can be read.
pub fn of_files(config: &Config) -> Option<Cookie> {
    let home = config.path("HOME");
    let mut places = cookie_file::places(home, config).into_iter();
    places.find_map(|file| {
        let text = read_file(&file).ok()?;
        Cookie::parse(text.trim_end_matches(['\n', '\r'])).ok()
    })
}
