//! One version of a table: the log replayed up to it.

use std::collections::BTreeMap;

use goldsmith_source::files::{Compression, Decompression, InputFile, digest, open, read_error};
use goldsmith_source::lines::{End, Lines};
use goldsmith_source::{FileRead, SourceError};
use serde::Deserialize;

use crate::action::{Action, Add, Metadata, Protocol};
use crate::log::{self, Checkpoint, Plan};
use crate::schema::TableSchema;
use crate::storage::{Held, Storage};
use crate::{checkpoint, protocol};

const LAST_CHECKPOINT: &str = "_last_checkpoint";
const SIDECARS: &str = "_sidecars";
/// Bytes of `_last_checkpoint`, which holds a few numbers and perhaps a schema.
const MAX_POINTER: u64 = 16 << 20;

/// One version of a table.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) schema: TableSchema,
    /// By path, so that the order does not depend on when checkpoints were made.
    pub(crate) files: Vec<Add>,
    /// The last file of the log that was read: it says which version this is.
    pub(crate) end: FileRead,
}

#[derive(Deserialize)]
struct Pointer {
    version: u64,
    parts: Option<u32>,
}

/// What the log said so far.
#[derive(Default)]
struct Replay {
    protocol: Option<Protocol>,
    metadata: Option<Metadata>,
    files: BTreeMap<String, Add>,
    sidecars: Vec<String>,
    /// The last file read.
    end: Option<FileRead>,
}

impl Snapshot {
    /// Reads the log of `storage` up to version `wanted`, or to its end.
    ///
    /// # Errors
    /// Where there is no such table or version, its log is broken, or it asks for more than is known.
    pub(crate) fn load(storage: &Storage, wanted: Option<u64>) -> Result<Self, SourceError> {
        let place = storage.name();
        let mut replay = Replay::default();
        match storage.log_names()? {
            Some(names) => {
                let Plan { checkpoint, commits, .. } = log::plan(&names, wanted, place)?;
                if let Some(checkpoint) = checkpoint {
                    replay.checkpoint(&storage.log_files(&checkpoint.files)?, storage)?;
                }
                storage.log_files(&commits)?.iter().try_for_each(|commit| replay.commit(&commit.file))?;
            }
            None => replay.without_listing(storage, wanted)?,
        }
        let lacks = |what: &str| {
            let message = format!(
                "its log has no {what}, so it is not whole; restore it, or read an earlier version with the option version"
            );
            SourceError::corrupt(place, message)
        };
        let protocol = replay.protocol.ok_or_else(|| lacks("protocol"))?;
        let metadata = replay.metadata.ok_or_else(|| lacks("metadata"))?;
        let reading = protocol::check(&protocol, &metadata, place)?;
        let schema = TableSchema::parse(&metadata, reading, place)?;
        let end = replay.end.ok_or_else(|| lacks("commit"))?;
        Ok(Self { schema, files: replay.files.into_values().collect(), end })
    }
}

impl Replay {
    /// Web servers list nothing: the last checkpoint is pointed to, and commits are asked for until there is none.
    fn without_listing(&mut self, storage: &Storage, wanted: Option<u64>) -> Result<(), SourceError> {
        let place = storage.name();
        let pointer = storage.log_file_if_there(LAST_CHECKPOINT)?.map(|held| pointer(&held.file)).transpose()?;
        let earliest = pointer.as_ref().map_or(0, |pointer| pointer.version);
        let pointer = pointer.filter(|pointer| wanted.is_none_or(|wanted| pointer.version <= wanted));
        let mut next = 0;
        if let Some(Pointer { version, parts }) = pointer {
            let checkpoint = Checkpoint::named(version, parts).ok_or_else(|| {
                let message = format!("its file {LAST_CHECKPOINT} names a checkpoint that cannot be; delete that file");
                SourceError::corrupt(place, message)
            })?;
            self.checkpoint(&storage.log_files(&checkpoint.files)?, storage)?;
            next = version.saturating_add(1);
        }
        while wanted.is_none_or(|wanted| next <= wanted) {
            let Some(held) = storage.log_file_if_there(&log::commit(next))? else { break };
            self.commit(&held.file)?;
            next = next.saturating_add(1);
        }
        // Before the checkpoint there may be more; nobody can tell without a list.
        match wanted {
            _ if next == 0 && earliest == 0 => Err(log::no_table(place)),
            Some(wanted) if next == 0 => Err(log::too_old(place, wanted, earliest)),
            Some(wanted) if next <= wanted => Err(log::no_version(place, wanted, earliest, next - 1)),
            _ => Ok(()),
        }
    }

    /// Reads the files of a checkpoint, and those it names.
    fn checkpoint(&mut self, files: &[Held], storage: &Storage) -> Result<(), SourceError> {
        for held in files {
            if held.file.name.ends_with(".json") {
                self.commit(&held.file)?;
            } else {
                checkpoint::read(&held.file, |action| self.apply(action))?;
                self.end = Some(digest(&held.file)?.into_file_read(&held.file, 0));
            }
        }
        let names: Vec<String> = self.sidecars.drain(..).collect();
        if let Some(odd) = names.iter().position(|name| name.contains(['/', '\\']) || name.starts_with('.')) {
            let message = format!("its checkpoint names a file outside of {SIDECARS} (the {}th)", odd + 1);
            return Err(SourceError::corrupt(storage.name(), message));
        }
        let names: Vec<String> = names.iter().map(|name| format!("{SIDECARS}/{name}")).collect();
        for held in storage.log_files(&names)? {
            checkpoint::read(&held.file, |action| self.apply(action))?;
        }
        Ok(())
    }

    /// Reads a file of one action a line.
    fn commit(&mut self, file: &InputFile) -> Result<(), SourceError> {
        let mut reader = open(file, Compression::None, &Decompression::default())?;
        let mut lines = Lines::new(&mut reader);
        let mut actions = 0;
        while let Some(line) = lines.next_line().map_err(|error| read_error(file, error))? {
            if line.bytes.iter().all(u8::is_ascii_whitespace) && line.end != End::TooLong {
                continue;
            }
            actions += 1;
            self.apply(Action::parse(line.bytes, line.number, line.end, &file.name)?)?;
        }
        if actions == 0 {
            let message = "is a broken part of a Delta log: it is empty, as after a write that was cut short; restore \
                           the file, or read an earlier version with the option version";
            return Err(SourceError::corrupt(&*file.name, message));
        }
        self.end = Some(reader.finish(file)?.into_file_read(file, 0));
        Ok(())
    }

    fn apply(&mut self, action: Action) -> Result<(), SourceError> {
        let Action { add, remove, meta_data, protocol, sidecar } = action;
        if let Some(remove) = remove {
            let id = remove.deletion_vector.map(|vector| vector.id());
            // Within one commit the same file may come back before it goes, with other rows deleted.
            if self.files.get(&remove.path).is_some_and(|known| known.deletion_id() == id) {
                self.files.remove(&remove.path);
            }
        }
        if let Some(add) = add {
            self.files.insert(add.path.clone(), add);
        }
        self.metadata = meta_data.or(self.metadata.take());
        self.protocol = protocol.or(self.protocol.take());
        self.sidecars.extend(sidecar.map(|sidecar| sidecar.path));
        Ok(())
    }
}

fn pointer(file: &InputFile) -> Result<Pointer, SourceError> {
    let limits = Decompression { max_bytes: MAX_POINTER, ..Decompression::default() };
    let (bytes, _) = goldsmith_source::files::read_whole(file, Compression::None, &limits)?;
    serde_json::from_slice(&bytes).map_err(|_| {
        let message = "does not name a checkpoint; delete it, or read the table from where files can be listed";
        SourceError::corrupt(&*file.name, message)
    })
}
