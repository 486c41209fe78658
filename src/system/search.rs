//! The file system as the `which` crate sees it, as the kernel and execvp(3) do: a `~` in PATH is a folder of that name.
//!
//! The crate's own view asks for the user's home for that, and so brings the whole of libc's NSS into a binary that must
//! be static.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::{DirEntry, Metadata};
use std::io::Result;
use std::path::{Path, PathBuf};

use which::sys::{RealSys, Sys};

/// The real system, without users.
#[derive(Clone, Copy)]
pub struct Files;

impl Sys for Files {
    type ReadDirEntry = DirEntry;
    type Metadata = Metadata;

    fn is_windows(&self) -> bool {
        false
    }

    fn current_dir(&self) -> Result<PathBuf> {
        RealSys.current_dir()
    }

    fn home_dir(&self) -> Option<PathBuf> {
        None
    }

    fn env_split_paths(&self, paths: &OsStr) -> Vec<PathBuf> {
        RealSys.env_split_paths(paths)
    }

    // The PATH to search is always given: Config has read it.
    fn env_path(&self) -> Option<OsString> {
        None
    }

    fn env_path_ext(&self) -> Option<OsString> {
        None
    }

    fn env_windows_path_ext(&self) -> Cow<'static, [String]> {
        Cow::Borrowed(&[])
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        RealSys.metadata(path)
    }

    fn symlink_metadata(&self, path: &Path) -> Result<Metadata> {
        RealSys.symlink_metadata(path)
    }

    fn read_dir(&self, path: &Path) -> Result<Box<dyn Iterator<Item = Result<DirEntry>>>> {
        RealSys.read_dir(path)
    }

    fn is_valid_executable(&self, path: &Path) -> Result<bool> {
        RealSys.is_valid_executable(path)
    }
}
