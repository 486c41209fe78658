//! The folder of one attach: its files lie there, for this user alone, and go with it.
//!
//! Its owner holds a lock on it, flock(2). One that nobody holds was left behind by an attach that was killed, with the
//! cookie in it, and is cleared away by the next. A process id would not tell: /dev/shm may be that of several PID
//! namespaces.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::error::Failure;
use crate::exit::Exit;
use crate::system::private_file::PrivateFile;
use crate::system::secrets::Text;

/// What the names of such folders begin with.
const PREFIX: &str = "attach-";
/// Before it is locked, another attach may take it for one that was left behind; so many times in a row, none does.
const TRIES: usize = 8;

/// A folder that is removed in the end.
pub struct Folder {
    /// Where.
    pub path: PathBuf,
    name: String,
    _lock: Flock<File>,
}

impl Folder {
    /// Makes one, and clears away those that were left behind.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make() -> Result<Self, Failure> {
        let made = (1..TRIES).fold(Self::try_make(), |made, _| {
            made.or_else(|_| Self::try_make())
        })?;
        made.clear_others();
        Ok(made)
    }

    /// Writes a file in it.
    ///
    /// # Errors
    /// The system's own.
    pub fn write(&self, parts: &[&str], content: Text) -> Result<PathBuf, Failure> {
        write(&self.name, parts, content)
    }

    fn try_make() -> Result<Self, Failure> {
        let name = format!("{PREFIX}{:016x}", fastrand::u64(..));
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

    fn clear_others(&self) {
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
        // This user's own among those of others: empty, unless something else needs it.
        let _ = self.path.parent().map(fs::remove_dir);
    }
}

fn write(folder: &str, parts: &[&str], content: Text) -> Result<PathBuf, Failure> {
    let file = PrivateFile::new(&[&[folder], parts].concat(), 0o400, content, None)?;
    file.write().map(|()| file.path)
}

/// Takes the lock, unless somebody has it.
fn lock(folder: &Path) -> Result<Flock<File>, Errno> {
    let folder =
        File::open(folder).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))?;
    Flock::lock(folder, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno)
}
