//! Files that only this user can read, or the user that the command becomes: planned before the gates, written after them,
//! and in memory where that is possible.

use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use nix::unistd::{AccessFlags, access, geteuid};

use crate::error::Failure;
use crate::exit::Exit;
use crate::system::account::Account;
use crate::system::secrets::Text;

/// Folders for private files. Those in which only the owner may rename a file come first, and of these a tmpfs.
const FOLDERS: [&str; 4] = ["/dev/shm", "/run", "/tmp", "/var/tmp"];

/// A file to be written, in a folder of this user's own, mode 0700, or in the home of the user that the command becomes.
#[derive(Clone, Debug)]
pub struct PrivateFile {
    pub path: PathBuf,
    /// On a tmpfs, not on a disk.
    pub in_memory: bool,
    storage: Storage,
    /// Another user that it belongs to.
    owner: Option<Account>,
    mode: u32,
    pub content: Text,
}

#[derive(Clone, Debug)]
enum Storage {
    /// This user's own folder.
    Folder(PathBuf),
    /// The home of another user.
    Home,
    /// A descriptor that the command inherits.
    Inherited(Arc<OwnedFd>),
}

impl PrivateFile {
    /// Plans a file below this user's folder, or that of the user that the command becomes; `parts` are those of its path.
    ///
    /// # Errors
    /// No folder can be written: [`Exit::System`].
    pub fn new(
        parts: &[&str],
        mode: u32,
        content: Text,
        reader: Option<&Account>,
    ) -> std::result::Result<Self, Failure> {
        let writable =
            |folder: &&str| access(*folder, AccessFlags::W_OK | AccessFlags::X_OK).is_ok();
        let usable = FOLDERS.into_iter().filter(writable);
        // Of equals the first.
        let best =
            usable.min_by_key(|folder| (others_may_rename_in(folder), !is_in_memory(folder)));
        let Some(base) = best else {
            let line = format!(
                "no folder to write {} in: none of {} is writable; mount an emptyDir or tmpfs at /tmp",
                parts.last().unwrap_or(&""),
                FOLDERS.join(", ")
            );
            return Err(Failure::new(Exit::System, line));
        };
        let owner = reader.filter(|account| account.uid != geteuid()).cloned();
        let user = owner.as_ref().map_or(geteuid(), |account| account.uid);
        let folder = Path::new(base).join(format!("beaminit-{user}"));
        Ok(Self {
            path: parts
                .iter()
                .fold(folder.clone(), |path, part| path.join(part)),
            in_memory: is_in_memory(base),
            storage: Storage::Folder(folder),
            owner,
            mode,
            content,
        })
    }

    /// Plans a file for the command alone, where no folder can be written: a descriptor that it inherits, memfd_create(2).
    ///
    /// # Errors
    /// The system's own: [`Exit::System`].
    pub fn inherited(name: &str, content: Text) -> std::result::Result<Self, Failure> {
        let made = memfd_create(name, MFdFlags::empty()).map_err(|errno| {
            let line = format!(
                "no memory for {name}: {}; is this container out of it?",
                errno.desc()
            );
            Failure::new(Exit::System, line)
        })?;
        Ok(Self {
            path: format!("/proc/self/fd/{}", made.as_raw_fd()).into(),
            in_memory: true,
            storage: Storage::Inherited(Arc::new(made)),
            owner: None,
            mode: 0o600,
            content,
        })
    }

    /// Plans a file in the home of another user, who alone will read it.
    pub fn of_account(account: &Account, name: &str, mode: u32, content: Text) -> Self {
        Self {
            path: account.home.join(name),
            in_memory: false,
            storage: Storage::Home,
            owner: Some(account.clone()).filter(|account| account.uid != geteuid()),
            mode,
            content,
        }
    }

    /// Another user that it will belong to.
    pub fn owner(&self) -> Option<&Account> {
        self.owner.as_ref()
    }

    /// Writes it completely or not at all; no other user can have made it.
    ///
    /// # Errors
    /// The system's own, or a folder that is somebody else's: [`Exit::System`].
    pub fn write(&self) -> std::result::Result<(), Failure> {
        self.try_write().map_err(|error| {
            let path = self.path.display();
            let line = format!("cannot write {path}: {error}");
            Failure::new(Exit::System, line)
        })
    }

    fn try_write(&self) -> Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::{OpenOptionsExt as _, fchown};
        let content = self.content.reveal();
        match (&self.storage, self.path.parent()) {
            (Storage::Inherited(descriptor), _) => {
                return std::fs::File::from(descriptor.try_clone()?)
                    .write_all(content.as_encoded_bytes());
            }
            // From this user's own folder down: once that is private, no other user reaches what is below.
            (Storage::Folder(folder), Some(parent)) => {
                let mut folders: Vec<&Path> = parent
                    .ancestors()
                    .take_while(|path| path.starts_with(folder))
                    .collect();
                folders.reverse();
                let user = self.owner();
                folders
                    .into_iter()
                    .try_for_each(|folder| own_folder(folder, user))?;
                // A relx script keeps the template of an earlier file there, and would use it again.
                let _ = std::fs::remove_file(format!("{}.orig", self.path.display()));
            }
            _ => {}
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
        // A home's user may put links there: this file is new, and changes its owner before it has content.
        let given = self.owner().map_or(Ok(()), |owner| {
            fchown(&file, Some(owner.uid.as_raw()), Some(owner.gid.as_raw()))
        });
        let done = given
            .and_then(|()| file.write_all(content.as_encoded_bytes()))
            .and_then(|()| std::fs::rename(&fresh, &self.path));
        if done.is_err() {
            let _ = std::fs::remove_file(&fresh);
        }
        done
    }
}

fn is_in_memory(folder: &str) -> bool {
    statfs(folder).is_ok_and(|found| found.filesystem_type() == TMPFS_MAGIC)
}

/// May other users replace our folder with another? In an emptyDir, which all may write and which has no sticky bit.
fn others_may_rename_in(folder: &str) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(folder).is_ok_and(|found| found.mode() & 0o1002 == 0o0002)
}

/// Makes a folder that only this user may use, or the one who reads it; or checks that it is one.
fn own_folder(folder: &Path, user: Option<&Account>) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, lchown};
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
        Ok(()) => user.map_or(Ok(()), |user| {
            lchown(folder, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
        })?,
    }
    let owner = user.map_or(geteuid(), |user| user.uid).as_raw();
    let found = std::fs::symlink_metadata(folder)?;
    if !found.is_dir() || found.uid() != owner || found.mode() & 0o077 != 0 {
        return Err(Error::other(format!(
            "{} is not a private folder of the user who reads it; remove it, or mount a tmpfs of this container's own there",
            folder.display()
        )));
    }
    Ok(())
}
