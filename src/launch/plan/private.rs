//! Files that only this user can read, or the one that the command becomes, planned before the gates and written after
//! them: in memory, where that can be had.

use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use nix::unistd::{AccessFlags, access, geteuid};

use super::account::Account;
use super::text::Text;
use crate::exit::Exit;
use crate::launch::failure::Failure;

/// Where a private file may lie; a tmpfs is taken before the others.
const FOLDERS: [&str; 4] = ["/dev/shm", "/run", "/tmp", "/var/tmp"];

/// A file to be written, in a folder of this user's own, mode 0700, or in the home of the user that the command becomes.
#[derive(Clone, Debug)]
pub struct PrivateFile {
    /// Where.
    pub path: PathBuf,
    /// Is that in memory, not on a disk?
    pub in_memory: bool,
    /// This user's own folder there; `None` in a home.
    folder: Option<PathBuf>,
    /// Whose it is, if that is not this user.
    pub owner: Option<Account>,
    /// Its permissions.
    mode: u32,
    /// What.
    pub content: Text,
}

impl PrivateFile {
    /// Plans a file: its place below this user's folder, part by part.
    ///
    /// # Errors
    /// No folder can be written: [`Exit::System`].
    pub fn new(parts: &[&str], mode: u32, content: Text) -> std::result::Result<Self, Failure> {
        let writable =
            |folder: &&str| access(*folder, AccessFlags::W_OK | AccessFlags::X_OK).is_ok();
        let in_memory = |folder: &&str| {
            statfs(*folder).is_ok_and(|found| found.filesystem_type() == TMPFS_MAGIC)
        };
        let usable: Vec<&str> = FOLDERS.into_iter().filter(writable).collect();
        let memory = usable.iter().copied().find(in_memory);
        let Some(place) = memory.or_else(|| usable.first().copied()) else {
            let line = format!(
                "no folder to write {} in: none of {} is writable; mount an emptyDir or tmpfs at /tmp",
                parts.last().unwrap_or(&""),
                FOLDERS.join(", ")
            );
            return Err(Failure::new(Exit::System, line));
        };
        let folder = Path::new(place).join(format!("beaminit-{}", geteuid()));
        Ok(Self {
            path: parts
                .iter()
                .fold(folder.clone(), |path, part| path.join(part)),
            in_memory: memory.is_some(),
            folder: Some(folder),
            owner: None,
            mode,
            content,
        })
    }

    /// Plans a file in the home of another user, who alone will read it.
    pub fn of_account(account: &Account, name: &str, mode: u32, content: Text) -> Self {
        Self {
            path: account.home.join(name),
            in_memory: false,
            folder: None,
            owner: (account.uid != geteuid()).then(|| account.clone()),
            mode,
            content,
        }
    }

    /// Writes it: whole or not at all, and nobody else could have put it there.
    ///
    /// # Errors
    /// The system's own, or a folder that is somebody else's: [`Exit::System`].
    pub fn write(&self) -> std::result::Result<(), Failure> {
        self.try_write().map_err(|error| {
            let path = self.path.display();
            let line = format!("cannot write {path}: {error}; is its folder this user's own?");
            Failure::new(Exit::System, line)
        })
    }

    fn try_write(&self) -> Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::{OpenOptionsExt as _, fchown};
        // From this user's own folder down: once that is private, nobody else gets at what is below.
        if let (Some(folder), Some(parent)) = (&self.folder, self.path.parent()) {
            let mut folders: Vec<&Path> = parent
                .ancestors()
                .take_while(|path| path.starts_with(folder))
                .collect();
            folders.reverse();
            folders.into_iter().try_for_each(own_folder)?;
            // What a relx script kept of an earlier one, and would take for this one.
            let _ = std::fs::remove_file(format!("{}.orig", self.path.display()));
        }
        let fresh = self
            .path
            .with_extension(format!("new-{}", std::process::id()));
        let _ = std::fs::remove_file(&fresh);
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(self.mode)
            .open(&fresh)?;
        // A home is its user's, who may put links there: this one is new, and is given away before it holds anything.
        if let Some(owner) = &self.owner {
            fchown(&file, Some(owner.uid.as_raw()), Some(owner.gid.as_raw()))?;
        }
        file.write_all(self.content.reveal().as_encoded_bytes())?;
        std::fs::rename(&fresh, &self.path)
    }
}

/// Makes a folder that is this user's alone, or sees that it is.
fn own_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = std::fs::symlink_metadata(folder)?;
    if !found.is_dir() || found.uid() != geteuid().as_raw() || found.mode() & 0o077 != 0 {
        return Err(Error::other(format!(
            "{} is not a private folder of this user",
            folder.display()
        )));
    }
    Ok(())
}
