//! Files that people give: sealed before they touch a disk, each with a key of its own, and kept in the folder `files` of
//! the data folder under nothing but an id. What they are called, whose they are and their keys is the business of the
//! slice that keeps them, in a row of its own that is committed after the file is whole.

mod kinds;
mod names;
mod stream;
mod upload;

use std::path::PathBuf;
use std::sync::OnceLock;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream as streams};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::Instant;
use crate::db::DbError;
use crate::error::{Error, Result};
use crate::secrets::random;
pub use kinds::{Kind, Shown, accept};
pub use names::{NAME_LIMIT, disposition, size_said, typed as typed_name};
pub use stream::FileKey;
use stream::{Opener, Sealer, sealed_size};
pub use upload::{Given, PATIENCE, Refused, Stored, Turns, Upload, take};

/// Bytes of one file at most.
pub const LIMIT: u64 = 25 * 1024 * 1024;
/// Bytes of all files of a practice at most: documents, and what came with messages.
pub const SPACE: i64 = 20 * 1024 * 1024 * 1024;
/// So much is gathered before it is written; the memory of an upload, about twice.
const PART: usize = 1024 * 1024;

/// Where files are kept.
pub struct Files {
    folder: PathBuf,
    /// Made with the first file: a practice without files has no folder for them.
    store: OnceLock<LocalFileSystem>,
    /// Uploads under way.
    pub turns: Turns,
}

fn unwritten(e: object_store::Error) -> Error {
    Error::Db(DbError::Unavailable(format!("a file could not be written: {e}")))
}

fn at(id: Uuid) -> Path {
    Path::from(id.to_string())
}

impl Files {
    pub fn new(data_dir: &std::path::Path) -> Files {
        Files { folder: data_dir.join("files"), store: OnceLock::new(), turns: Turns::default() }
    }

    fn store(&self) -> Result<&LocalFileSystem> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        let named = |e: std::io::Error| Error::Db(DbError::Unavailable(format!("{}: {e}", self.folder.display())));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(named)?;
        // A restore makes folders as it finds them.
        std::fs::set_permissions(&self.folder, std::fs::Permissions::from_mode(0o700)).map_err(named)?;
        let store = LocalFileSystem::new_with_prefix(&self.folder).map_err(unwritten)?.with_fsync(true);
        Ok(self.store.get_or_init(|| store))
    }

    /// Begins a file; it is there once it is finished.
    async fn begin(&self, id: Uuid) -> Result<Writing> {
        let upload = self.store()?.put_multipart(&at(id)).await.map_err(unwritten)?;
        let key = random::<32>();
        let (sealer, head) = Sealer::new(&key);
        let mut to = WriteMultipart::new_with_chunk_size(upload, PART);
        to.write(&head);
        Ok(Writing { id, key, sealer, to, size: 0, digest: Sha256::new() })
    }

    /// Gives a whole file the mode that only its owner reads it with; its folder lets nobody else in meanwhile.
    async fn close_to_others(&self, id: Uuid) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.join(id.to_string());
        let set = move || std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
        let done = tokio::task::spawn_blocking(set).await.map_err(|e| Error::internal(e.to_string()))?;
        done.map_err(|e| Error::Db(DbError::Unavailable(format!("a file could not be written: {e}"))))
    }

    /// Keeps bytes that are at hand, as an upload would.
    pub async fn keep(&self, id: Uuid, clear: &[u8]) -> Result<FileKey> {
        let mut writing = self.begin(id).await?;
        writing.push(clear).await?;
        writing.finish(self).await.map(|(key, ..)| key)
    }

    /// The clear bytes of a file. It is read through once before the first of them is given: a file that was altered or
    /// cut is refused, and never half of it served. Errors: that, or it is not there.
    pub async fn read(&self, id: Uuid, key: FileKey, size: u64) -> Result<impl Stream<Item = Result<Bytes>> + use<>> {
        let mut proving = Box::pin(self.open(id, key, size).await?);
        let mut found = 0;
        while let Some(piece) = proving.next().await {
            found += piece?.len() as u64;
        }
        if found != size {
            return Err(Error::internal("a file has not the size that it had"));
        }
        self.open(id, key, size).await
    }

    async fn open(&self, id: Uuid, key: FileKey, size: u64) -> Result<impl Stream<Item = Result<Bytes>> + use<>> {
        let unread = |e: object_store::Error| Error::internal(format!("a file could not be read: {e}"));
        let found = self.store()?.get(&at(id)).await.map_err(unread)?;
        if found.meta.size != sealed_size(size) {
            return Err(Error::internal("a file does not open: it was altered or cut short"));
        }
        let from = found.into_stream().map_err(unread);
        let pieces = streams::unfold(Some((Opener::new(&key), from)), |state| async move {
            let (mut opener, mut from) = state?;
            match from.next().await {
                Some(Ok(sealed)) => match opener.push(&sealed) {
                    Ok(clear) => Some((Ok(Bytes::from(clear)), Some((opener, from)))),
                    Err(error) => Some((Err(error), None)),
                },
                Some(Err(error)) => Some((Err(error), None)),
                None => Some((opener.finish().map(Bytes::from), None)),
            }
        });
        // An empty piece would end nothing, and says nothing.
        Ok(pieces.filter(|piece| std::future::ready(!matches!(piece, Ok(bytes) if bytes.is_empty()))))
    }

    /// Removes a file; one that is not there is removed.
    pub async fn remove(&self, id: Uuid) -> Result<()> {
        match self.store()?.delete(&at(id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(unwritten(e)),
        }
    }

    /// The files that were begun before a moment, whole or not.
    pub async fn begun_before(&self, moment: Instant) -> Result<Vec<Uuid>> {
        let folder = self.folder.clone();
        let list = move || -> std::io::Result<Vec<Uuid>> {
            let mut all = Vec::new();
            for entry in std::fs::read_dir(folder)? {
                let name = entry?.file_name();
                let name = name.to_string_lossy();
                // Half a file has its number behind the id.
                all.extend(name.split('#').next().and_then(|id| Uuid::try_parse(id).ok()));
            }
            all.sort_unstable();
            all.dedup();
            Ok(all)
        };
        let found = tokio::task::spawn_blocking(list).await.map_err(|e| Error::internal(e.to_string()))?;
        let all = match found {
            Ok(all) => all,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::internal(format!("{}: {e}", self.folder.display()))),
        };
        Ok(all.into_iter().filter(|id| made_at(*id).is_some_and(|at| at < moment)).collect())
    }

    /// Removes what an upload that was cut off by a crash has left, and the whole file if there is one.
    pub async fn sweep(&self, id: Uuid) -> Result<()> {
        self.remove(id).await?;
        let half = self.folder.join(format!("{id}#1"));
        match tokio::task::spawn_blocking(move || std::fs::remove_file(half)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Ok(Err(e)) => Err(Error::internal(e.to_string())),
            Err(e) => Err(Error::internal(e.to_string())),
        }
    }
}

/// When an id was made.
fn made_at(id: Uuid) -> Option<Instant> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    Some(Instant(i64::try_from(seconds).ok()?.saturating_mul(1_000_000) + i64::from(nanos) / 1_000))
}

/// A file on its way to the disk.
struct Writing {
    id: Uuid,
    key: FileKey,
    sealer: Sealer,
    to: WriteMultipart,
    size: u64,
    digest: Sha256,
}

impl Writing {
    async fn push(&mut self, clear: &[u8]) -> Result<()> {
        self.size += clear.len() as u64;
        self.digest.update(clear);
        // One part on its way and one being gathered: memory has an end, however slow the disk.
        self.to.wait_for_capacity(1).await.map_err(unwritten)?;
        self.to.write(&self.sealer.push(clear)?);
        Ok(())
    }

    async fn finish(mut self, files: &Files) -> Result<(FileKey, u64, Vec<u8>)> {
        self.to.write(&self.sealer.finish()?);
        self.to.finish().await.map_err(unwritten)?;
        if let Err(error) = files.close_to_others(self.id).await {
            files.remove(self.id).await?;
            return Err(error);
        }
        Ok((self.key, self.size, self.digest.finalize().to_vec()))
    }

    async fn give_up(self) -> Result<()> {
        self.to.abort().await.map_err(unwritten)
    }
}
