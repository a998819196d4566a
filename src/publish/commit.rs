//! The store of published versions: one lock, one staging directory, one atomic step.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::manifest::Manifest;
use super::table::{create_private, create_private_dir, sync_directory};
use crate::pipeline::RunError;
use crate::pipeline::error::IoContext;

const LOCK: &str = ".lock";
/// What a store has in it, beside names that start with a dot, and what file systems put into an empty one.
const OWN: [&str; 5] = ["versions", "manifests", "latest", "latest.json", "lost+found"];

/// A directory of published versions.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// A directory of a run, removed when the run ends, however it ends: what lies there is personal data. One that was
/// renamed into a published version is no longer there to remove.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        // What a killed run leaves behind the next one removes.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Held while a run writes. Ends with the process, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Store {
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of a published version.
    #[must_use]
    pub fn version_dir(&self, version: i64) -> PathBuf {
        self.root.join("versions").join(version.to_string())
    }

    /// The file of a version's manifest.
    #[must_use]
    pub fn manifest_path(&self, version: i64) -> PathBuf {
        self.root.join("manifests").join(format!("{version:08}.json"))
    }

    /// Whether the folder can be a store: its own, or one with nothing in it yet.
    ///
    /// # Errors
    /// [`RunError::Config`] for a file, and for a folder of other things.
    fn check(&self) -> Result<(), RunError> {
        let refuse = |what: &str| {
            Err(RunError::Config(format!(
                "{} {what}; name a new or empty folder with `publish: to:`",
                self.root.display()
            )))
        };
        if self.nearest().is_some_and(Path::is_file) {
            return refuse("is a file, or in one");
        }
        // A store has its lock from the first run on.
        if self.root.join(LOCK).exists() {
            return Ok(());
        }
        let Ok(entries) = std::fs::read_dir(&self.root) else { return Ok(()) };
        let names = entries.flatten().map(|entry| entry.file_name());
        let own = |name: &std::ffi::OsString| OWN.iter().any(|own| name == own);
        let is_foreign = names.into_iter().any(|name| !own(&name) && !name.to_string_lossy().starts_with('.'));
        if is_foreign { refuse("holds other files") } else { Ok(()) }
    }

    /// Whether a run could write here, without leaving anything: a folder that is not there yet is not made.
    ///
    /// # Errors
    /// What a run would fail with, a lock held by another run among it.
    pub fn check_writable(&self) -> Result<(), RunError> {
        if self.root.join(LOCK).exists() {
            return self.lock(Duration::ZERO).map(drop);
        }
        self.check()?;
        let folder = self.nearest().unwrap_or(Path::new("."));
        tempfile::tempdir_in(folder)
            .map(drop)
            .map_err(|error| std::io::Error::from(error.kind()))
            .doing(|| format!("writing to {}", folder.display()))
    }

    /// The folder, or the nearest around it that is there.
    fn nearest(&self) -> Option<&Path> {
        self.root.ancestors().find(|path| path.exists())
    }

    /// Takes the lock of the store, waiting up to `wait` for another run to end.
    ///
    /// # Errors
    /// [`RunError::Locked`] naming the holder.
    pub fn lock(&self, wait: Duration) -> Result<Lock, RunError> {
        self.check()?;
        create_private_dir(&self.root)?;
        let path = self.root.join(LOCK);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .doing(|| format!("opening {}", path.display()))?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if started.elapsed() < wait => {
                    std::thread::sleep(Duration::from_millis(100))
                }
                Err(TryLockError::WouldBlock) => {
                    let holder = std::fs::read_to_string(&path).unwrap_or_default();
                    let holder = if holder.trim().is_empty() { String::new() } else { format!(" ({})", holder.trim()) };
                    return Err(RunError::Locked { path: self.root.display().to_string(), holder });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(RunError::Io { message: format!("locking {}", path.display()), error });
                }
            }
        }
        file.set_len(0)
            .and_then(|()| write!(file, "process {}", std::process::id()))
            .doing(|| format!("writing {}", path.display()))?;
        Ok(Lock { _file: file })
    }

    /// The numbers of all published versions, ascending.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn versions(&self) -> Result<Vec<i64>, RunError> {
        let directory = self.root.join("manifests");
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(RunError::Io { message: format!("reading {}", directory.display()), error }),
        };
        let mut versions = Vec::new();
        for entry in entries {
            let name = entry.doing(|| format!("reading {}", directory.display()))?.file_name();
            if let Some(number) =
                name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|name| name.parse().ok())
                && self.manifest_path(number).file_name() == Some(&name)
            {
                versions.push(number);
            }
        }
        versions.sort_unstable();
        Ok(versions)
    }

    /// The manifest of the newest version; `None` where nothing was published yet.
    ///
    /// # Errors
    /// A manifest that cannot be read, or that a newer program wrote.
    pub fn latest(&self) -> Result<Option<Manifest>, RunError> {
        self.versions()?.last().map(|version| self.manifest(*version)).transpose()
    }

    /// The manifest of a version.
    ///
    /// # Errors
    /// As for [`Self::latest`].
    pub fn manifest(&self, version: i64) -> Result<Manifest, RunError> {
        let path = self.manifest_path(version);
        // A path that may not be looked at is told by reading it.
        if matches!(path.try_exists(), Ok(false)) {
            let newest = self.versions()?.last().map_or_else(
                || "nothing is published yet; `goldsmith run` does".to_owned(),
                |newest| format!("the newest is {newest}"),
            );
            return Err(RunError::Config(format!("{}: there is no version {version}; {newest}", self.root.display())));
        }
        let text = std::fs::read(&path).doing(|| format!("reading {}", path.display()))?;
        let manifest =
            Manifest::parse(&text).map_err(|message| RunError::Config(format!("{}: {message}", path.display())))?;
        if manifest.version != version {
            return Err(RunError::Gate(format!(
                "{} is the manifest of version {}; its name says {version}. Remove it, or restore the one that was there",
                path.display(),
                manifest.version
            )));
        }
        Ok(manifest)
    }

    /// An empty directory for the next version. What a run that was cut off left behind is removed first: no
    /// manifest names it, and it may hold personal data.
    ///
    /// # Errors
    /// Where the directory cannot be made.
    pub fn stage(&self, _held: &Lock) -> Result<RunDir, RunError> {
        let staging = self.root.join(".staging");
        remove(&staging)?;
        let known = self.versions()?;
        if let Ok(entries) = std::fs::read_dir(self.root.join("versions")) {
            for entry in entries.flatten() {
                let number = entry.file_name().to_str().and_then(|name| name.parse::<i64>().ok());
                if number.is_some_and(|number| !known.contains(&number)) {
                    remove(&entry.path())?;
                }
            }
        }
        create_private_dir(&staging)?;
        Ok(RunDir { path: staging })
    }

    /// An empty directory for landing files.
    ///
    /// # Errors
    /// Where the directory cannot be made.
    pub fn landing(&self, _held: &Lock) -> Result<RunDir, RunError> {
        let path = self.root.join(".landing");
        remove(&path)?;
        create_private_dir(&path)?;
        Ok(RunDir { path })
    }

    /// Publishes what is staged: the directory is renamed to its number, then the manifest appears under a number
    /// nobody has used. Before the manifest exists nothing is published; after it, all is.
    ///
    /// # Errors
    /// Where another run published the same number, or the disk failed. The previous version stands.
    pub fn publish(&self, _held: &Lock, staging: &Path, manifest: &Manifest) -> Result<PathBuf, RunError> {
        let versions = self.root.join("versions");
        let manifests = self.root.join("manifests");
        create_private_dir(&versions)?;
        create_private_dir(&manifests)?;
        // Somebody may have removed the store while the run went on.
        for table in &manifest.tables {
            let path = staging.join(&table.path);
            std::fs::metadata(&path)
                .doing(|| format!("looking at {}, which this run wrote; nothing is published", path.display()))?;
        }
        sync_directory(staging)?;
        let version_dir = self.version_dir(manifest.version);
        std::fs::rename(staging, &version_dir)
            .doing(|| format!("moving the new version to {}", version_dir.display()))?;
        sync_directory(&versions)?;

        let path = self.manifest_path(manifest.version);
        let temporary = manifests.join(format!(".{}.tmp", manifest.version));
        remove(&temporary)?;
        write_durable(&temporary, &manifest.to_json())?;
        // A hard link is put-if-absent: it fails where the number is taken.
        let linked = std::fs::hard_link(&temporary, &path);
        remove(&temporary)?;
        linked.doing(|| format!("publishing {}", path.display()))?;
        sync_directory(&manifests)?;
        Ok(version_dir)
    }

    /// Points `latest` and `latest.json` to a published version.
    ///
    /// # Errors
    /// Where they cannot be written; the version is published all the same.
    pub fn point_latest(&self, manifest: &Manifest) -> Result<(), RunError> {
        let json = self.root.join("latest.json");
        let temporary = self.root.join(".latest.json.tmp");
        remove(&temporary)?;
        write_durable(&temporary, &manifest.to_json())?;
        std::fs::rename(&temporary, &json).doing(|| format!("writing {}", json.display()))?;
        #[cfg(unix)]
        {
            let link = self.root.join("latest");
            let temporary = self.root.join(".latest.tmp");
            remove(&temporary)?;
            std::os::unix::fs::symlink(format!("versions/{}", manifest.version), &temporary)
                .and_then(|()| std::fs::rename(&temporary, &link))
                .doing(|| format!("pointing {} to the new version", link.display()))?;
        }
        sync_directory(&self.root)
    }

    /// Removes all but the newest `keep` versions: first the manifest, so that no manifest ever names what is gone.
    ///
    /// # Errors
    /// Where something cannot be removed.
    pub fn retain(&self, _held: &Lock, keep: usize) -> Result<usize, RunError> {
        let versions = self.versions()?;
        let old = versions.len().saturating_sub(keep.max(1));
        for version in versions.iter().take(old) {
            remove(&self.manifest_path(*version))?;
            remove(&self.version_dir(*version))?;
        }
        Ok(old)
    }
}

/// Writes a small file and makes it durable.
///
/// # Errors
/// Where it cannot be written.
pub fn write_durable(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let mut file = create_private(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).doing(|| format!("writing {}", path.display()))
}

fn remove(path: &Path) -> Result<(), RunError> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    removed.doing(|| format!("removing {}", path.display()))
}
