//! The folder for the files of one beaminit-attach: only this user can read it, and it is removed at the end.
//!
//! Its owner holds a lock on it, flock(2). A folder without a lock was left behind, with the cookie in it, by a process that
//! was killed; the next one removes it. A process id would not do: several PID namespaces may share /dev/shm.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::error::Failure;
use crate::exit::Exit;
use crate::system::private_file::{Keeper, PrivateFile, Reader};
use crate::system::random;
use crate::system::secrets::Text;

const PREFIX: &str = "attach-";
/// Until it is locked, another process may take it for one that was left behind and remove it: then try again.
const TRIES: usize = 8;

pub struct Folder {
    pub path: PathBuf,
    name: String,
    _lock: Flock<File>,
}

impl Folder {
    /// Makes one, and removes those that were left behind.
    pub fn create() -> Result<Self, Failure> {
        let folder = (1..TRIES).fold(Self::try_create(), |folder, _| {
            folder.or_else(|_| Self::try_create())
        })?;
        folder.remove_others();
        Ok(folder)
    }

    pub fn write(&self, parts: &[&str], content: Text) -> Result<PathBuf, Failure> {
        write(&self.name, parts, content)
    }

    fn try_create() -> Result<Self, Failure> {
        let name = format!("{PREFIX}{:08x}", random::or_pid());
        let owner = Text::plain(std::process::id().to_string());
        let mark = write(&name, &["pid"], owner)?;
        let path = mark.parent().unwrap_or(&mark).to_owned();
        let lock = lock(&path).and_then(|lock| mark.exists().then_some(lock).ok_or(Errno::ENOENT));
        match lock {
            Ok(lock) => Ok(Self {
                path,
                name,
                _lock: lock,
            }),
            Err(errno) => {
                let line = format!("cannot lock {}: {}", path.display(), errno.desc());
                Err(Failure::new(Exit::System, line))
            }
        }
    }

    fn remove_others(&self) {
        let all = self.path.parent().map(fs::read_dir).into_iter().flatten();
        for other in all.flatten().flatten() {
            let is_one = other.file_name().to_string_lossy().starts_with(PREFIX);
            if is_one && let Ok(_lock) = lock(&other.path()) {
                let _ = fs::remove_dir_all(other.path());
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
        // The one that this user's folders are in, if it is empty.
        let _ = self.path.parent().map(fs::remove_dir);
    }
}

fn write(folder: &str, parts: &[&str], content: Text) -> Result<PathBuf, Failure> {
    let name = parts.join("/");
    let reader = Reader {
        account: None,
        keeper: Keeper::Nobody,
    };
    let file = PrivateFile::new(folder, &name, 0o400, content, reader)?;
    file.write().map(|()| file.path)
}

/// Fails where another process holds it.
fn lock(folder: &Path) -> Result<Flock<File>, Errno> {
    let folder =
        File::open(folder).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))?;
    Flock::lock(folder, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno)
}
