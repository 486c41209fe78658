//! Files that only this user can read, or the user that the command becomes: planned before the gates, written after them.
//!
//! Their content is in memory where that is possible, memfd_create(2), and the file is a link to it: proc_pid_fd(5). Another
//! container that shares the folder follows the link to a process of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use nix::errno::Errno;
use nix::fcntl::FcntlArg;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use nix::unistd::{geteuid, getpid};

use crate::error::Failure;
use crate::exit::Exit;
use crate::system::account::Account;
use crate::system::secrets::Text;
use crate::system::{descriptors, random};

/// Folders for private files. Last the one that the containers of a pod share.
const FOLDERS: [&str; 4] = ["/run", "/tmp", "/var/tmp", SHARED];
const SHARED: &str = "/dev/shm";

/// Descriptors of ours begin here: scripts redirect those with low numbers.
const DESCRIPTORS: i32 = 64;

/// Who keeps the content in memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// Nobody: it is a plain file.
    Nobody,
    /// The command, as long as it runs, for all processes below it.
    Command,
    /// Each process of the command, which inherits it. The link is the same for every command, and can stay.
    Each,
}

/// Who reads a file.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// The user that the command becomes.
    pub account: Option<&'a Account>,
    pub keeper: Keeper,
}

impl Reader<'_> {
    /// Another user than this process's.
    fn other_user(self) -> Option<Account> {
        let other = self.account.filter(|account| account.uid != geteuid());
        other.cloned()
    }
}

/// A file to be written, in a folder of this user's own, mode 0700, or in the home of the user that the command becomes.
#[derive(Clone, Debug)]
pub struct PrivateFile {
    pub path: PathBuf,
    /// This user's own folder that it is in, if it is in one.
    folder: Option<PathBuf>,
    memory: Option<Memory>,
    /// Another user that it belongs to.
    owner: Option<Account>,
    mode: u32,
    pub content: Text,
}

/// A descriptor that the command inherits, and the path of what it is open for.
#[derive(Clone, Debug)]
struct Memory {
    descriptor: Arc<OwnedFd>,
    path: PathBuf,
}

impl Memory {
    /// `None` without such a keeper, or where the system gives none.
    fn new(keeper: Keeper) -> Option<Self> {
        let process = match keeper {
            Keeper::Nobody => return None,
            Keeper::Command => getpid().to_string(),
            Keeper::Each => "self".into(),
        };
        let made = memfd_create("beaminit-file", MFdFlags::MFD_CLOEXEC).ok()?;
        let descriptor = descriptors::duplicate(&made, FcntlArg::F_DUPFD(DESCRIPTORS)).ok()?;
        let path = PathBuf::from(format!("/proc/{process}/fd/{}", descriptor.as_raw_fd()));
        path.exists().then(|| Self {
            descriptor: Arc::new(descriptor),
            path,
        })
    }
}

impl PrivateFile {
    /// Plans a file below this user's folder, or that of the user that the command becomes: the first in which it can be
    /// written.
    ///
    /// # Errors
    /// There is none: [`Exit::System`].
    pub fn new(
        folder: &str,
        name: &str,
        mode: u32,
        content: Text,
        reader: Reader,
    ) -> std::result::Result<Self, Failure> {
        let owner = reader.other_user();
        let memory = Memory::new(reader.keeper);
        let size = memory.as_ref().map_or(content.reveal().len(), |_| 0);
        let mut folders = FOLDERS;
        // Of equals the first.
        folders.sort_by_key(|folder| {
            (
                *folder == SHARED,
                others_may_rename_in(folder),
                !is_in_memory(folder),
            )
        });
        let mut reasons = Vec::new();
        let usable = folders.into_iter().find_map(|base| {
            let found = own_folder_in(Path::new(base), owner.as_ref(), size);
            found
                .map_err(|error| reasons.push(format!("{base} ({})", reason(&error))))
                .ok()
        });
        let Some(own) = usable else {
            let file = name.rsplit('/').next().unwrap_or(name);
            let line = format!(
                "no folder to write {file} in: {}; mount an emptyDir or tmpfs at /tmp",
                reasons.join(", ")
            );
            return Err(Failure::new(Exit::System, line));
        };
        let folder = match &memory {
            Some(memory) if reader.keeper == Keeper::Each => {
                format!("client-{}", memory.descriptor.as_raw_fd())
            }
            _ => folder.to_owned(),
        };
        let path = own.join(folder).join(name);
        Ok(Self {
            folder: Some(own),
            memory,
            ..Self::at(path, mode, content, reader)
        })
    }

    /// Plans such a file, or, where there is no folder for it, one in memory alone.
    ///
    /// # Errors
    /// The system gives no memory either: that there is no folder.
    pub fn new_or_in_memory(
        folder: &str,
        name: &str,
        mode: u32,
        content: Text,
        reader: Reader,
    ) -> std::result::Result<Self, Failure> {
        Self::new(folder, name, mode, content.clone(), reader).or_else(|failure| {
            let memory = Memory::new(reader.keeper).ok_or(failure)?;
            let path = memory.path.clone();
            Ok(Self {
                memory: Some(memory),
                ..Self::at(path, mode, content, reader)
            })
        })
    }

    /// Plans a file where it is looked for: in the home of another user, who alone will read it.
    pub fn at(path: PathBuf, mode: u32, content: Text, reader: Reader) -> Self {
        Self {
            path,
            folder: None,
            memory: None,
            owner: reader.other_user(),
            mode,
            content,
        }
    }

    /// Another user that it will belong to.
    pub fn owner(&self) -> Option<&Account> {
        self.owner.as_ref()
    }

    /// What is not as private about it as it could be.
    pub fn risk(&self) -> Option<String> {
        const DO: &str =
            "mount a tmpfs of this container's own (an emptyDir, medium: Memory) at /tmp";
        let folder = self.folder.as_ref()?;
        let has_secret = self.content.reveal() != OsStr::new(&self.content.to_string());
        if folder.starts_with(SHARED) {
            return Some(format!(
                "the command's private files are in {SHARED}, where a container of the same pod and user can change them; {DO}"
            ));
        }
        let is_on_disk = self.memory.is_none() && !is_in_memory(folder.parent()?);
        (is_on_disk && has_secret).then(|| {
            format!(
                "the cookie is written to a disk, in {}; {DO}",
                self.path.display()
            )
        })
    }

    /// Writes it completely or not at all; no other user can have made it.
    ///
    /// # Errors
    /// The system's own, or a folder that is somebody else's: [`Exit::System`].
    pub fn write(&self) -> std::result::Result<(), Failure> {
        self.try_write().map_err(|error| {
            let path = self.path.display();
            let hint = match &self.owner {
                Some(owner) if self.folder.is_none() && self.memory.is_none() => format!(
                    "; it is for the home of user {}: make that folder in the image, or give the cookie another way (BEAMINIT_COOKIE_VIA=arg)",
                    owner.name
                ),
                _ => String::new(),
            };
            let line = format!("cannot write {path}: {error}{hint}");
            Failure::new(Exit::System, line)
        })
    }

    fn try_write(&self) -> Result<()> {
        use std::os::unix::fs::{OpenOptionsExt as _, symlink};
        if let (Some(folder), Some(parent)) = (&self.folder, self.path.parent()) {
            // From this user's own folder down: once that is private, no other user reaches what is below.
            let mut folders: Vec<&Path> = parent
                .ancestors()
                .take_while(|path| path.starts_with(folder))
                .collect();
            folders.reverse();
            folders
                .into_iter()
                .try_for_each(|folder| own_folder(folder, self.owner()))?;
            // A relx script keeps the template of an earlier file there, and would use it again.
            let _ = fs::remove_file(format!("{}.orig", self.path.display()));
        }
        if let Some(memory) = &self.memory {
            self.fill(fs::File::from(memory.descriptor.try_clone()?))?;
            if self.path == memory.path {
                return Ok(());
            }
        }
        let fresh = self
            .path
            .with_extension(format!("new-{}", std::process::id()));
        let _ = fs::remove_file(&fresh);
        let made = if let Some(memory) = &self.memory {
            symlink(&memory.path, &fresh)
        } else {
            let mut options = fs::OpenOptions::new();
            let options = options.write(true).create_new(true).mode(self.mode);
            options.open(&fresh).and_then(|file| self.fill(file))
        };
        let done = made.and_then(|()| fs::rename(&fresh, &self.path));
        if done.is_err() {
            let _ = fs::remove_file(&fresh);
        }
        done
    }

    /// A home's user may put links there: this file is new, and changes its owner before it has content.
    fn fill(&self, mut file: fs::File) -> Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::{PermissionsExt as _, fchown};
        file.set_permissions(fs::Permissions::from_mode(self.mode))?;
        if let Some(owner) = self.owner() {
            fchown(&file, Some(owner.uid.as_raw()), Some(owner.gid.as_raw()))?;
        }
        file.write_all(self.content.reveal().as_encoded_bytes())
    }
}

fn is_in_memory(folder: impl AsRef<Path>) -> bool {
    statfs(folder.as_ref()).is_ok_and(|found| found.filesystem_type() == TMPFS_MAGIC)
}

/// May other users replace our folder with another? In an emptyDir, which all may write and which has no sticky bit.
fn others_may_rename_in(folder: &str) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(folder).is_ok_and(|found| found.mode() & 0o1002 == 0o0002)
}

/// Finds the folder in which this user's private files will be: that of its name, or another where somebody else has made
/// that one. Tries whether a file of this size can be written, and leaves nothing.
fn own_folder_in(base: &Path, user: Option<&Account>, size: usize) -> Result<PathBuf> {
    static OTHER: LazyLock<u32> = LazyLock::new(random::or_pid);
    let own = user.map_or(geteuid(), |user| user.uid);
    let own = base.join(format!("beaminit-{own}"));
    let with = |number| PathBuf::from(format!("{}-{number:08x}", own.display()));
    let trial = with(random::or_pid());
    own_folder(&trial, user)?;
    let tried = fs::write(trial.join("trial"), vec![b' '; size]);
    let _ = fs::remove_dir_all(&trial);
    tried?;
    match fs::symlink_metadata(&own) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(own),
        _ if check_folder(&own, user).is_ok() => Ok(own),
        _ => Ok(with(*OTHER)),
    }
}

/// Makes a folder that only this user may use, or the one who reads it; or checks that it is one.
fn own_folder(folder: &Path, user: Option<&Account>) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, lchown};
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
        Ok(()) => user.map_or(Ok(()), |user| {
            lchown(folder, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
        })?,
    }
    check_folder(folder, user)
}

fn check_folder(folder: &Path, user: Option<&Account>) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let owner = user.map_or(geteuid(), |user| user.uid).as_raw();
    let found = fs::symlink_metadata(folder)?;
    if !found.is_dir() || found.uid() != owner || found.mode() & 0o077 != 0 {
        return Err(Error::other(format!(
            "{} is not a private folder of the user who reads it; remove it, or mount a tmpfs of this container's own there",
            folder.display()
        )));
    }
    Ok(())
}

/// The system's word for it.
fn reason(error: &Error) -> String {
    let number = error.raw_os_error().map(Errno::from_raw);
    number.map_or_else(|| error.to_string(), |errno| errno.desc().into())
}
