//! Makes a backup beside the running server: one moment of the database, and the files of the data folder.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::archive::{self, Manifest, Opening, Summing};
use super::container::{Head, Sealed, Writer, hex};
use super::keys::Keys;
use super::{KEPT_FILES, KEPT_FOLDERS, unfinished};
use crate::clock::Instant;
use crate::config::Config;
use crate::db::{DbError, Engine, Snapshot};
use crate::error::{Error, Result};
use crate::secrets::random;

/// zstd's own middle: names and ids shrink to a fifth, and one core writes faster than the database reads.
const LEVEL: i32 = 3;
const SHORTEST_PASSPHRASE: usize = 12;

/// What is wanted.
pub struct Order<'a> {
    /// Must not be there yet.
    pub to: &'a Path,
    pub passphrase: Option<&'a str>,
    pub now: Instant,
    /// Once it is set, the backup is given up.
    pub stop: &'a AtomicBool,
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    pub to: PathBuf,
    pub bytes: u64,
    pub manifest: Manifest,
}

/// Writes a backup. It has its name only once it is whole and on the disk. Not for a thread that drives a runtime.
/// Errors: the file is there, the key is not, the disk is full, the database cannot be read.
pub fn make(config: &Config, order: &Order) -> Result<Made> {
    if order.passphrase.is_some_and(|text| text.chars().count() < SHORTEST_PASSPHRASE) {
        return Err(Error::config(format!("a backup's passphrase has at least {SHORTEST_PASSPHRASE} characters")));
    }
    unfinished::refuse(&config.data_dir)?;
    find_keys(config)?;
    refuse_existing(order.to)?;
    let part = Part::open(order.to)?;
    let (bytes, manifest) = write(config, order, &part.file)?;
    part.keep(order.to)?;
    Ok(Made { to: order.to.to_path_buf(), bytes, manifest })
}

fn find_keys(config: &Config) -> Result<Keys> {
    Keys::find(config)?.ok_or_else(|| {
        Error::config(format!("there is no secret.key in {}: is this the data folder?", config.data_dir.display()))
    })
}

fn refuse_existing(path: &Path) -> Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Err(Error::config(format!("{} is there already and is left as it is", path.display()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(Error::config(format!("{}: {e}", path.display()))),
    }
}

/// The file while it is not whole; removed unless it is kept.
struct Part {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Part {
    fn open(to: &Path) -> Result<Part> {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let path = to.with_added_extension(super::UNFINISHED);
        let named = |e: std::io::Error| Error::config(format!("{}: {e}", path.display()));
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(named)?;
        // One that was killed has left its file and no lock.
        if file.try_lock().is_err() {
            return Err(Error::config(format!("another backup is writing {}", path.display())));
        }
        file.set_len(0).map_err(named)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(named)?;
        Ok(Part { path, file, kept: false })
    }

    /// Gives it its name, unless somebody else has taken that meanwhile.
    fn keep(mut self, to: &Path) -> Result<()> {
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let named = |e: std::io::Error| Error::config(format!("{}: {e}", to.display()));
        self.file.sync_all().map_err(named)?;
        // A link never replaces anything; some disks for backups know no links.
        if std::fs::hard_link(&self.path, to).is_err() {
            refuse_existing(to)?;
            std::fs::rename(&self.path, to).map_err(named)?;
            self.kept = true;
        }
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(named)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn unwritten(e: std::io::Error) -> Error {
    Error::config(format!("the backup could not be written: {e}"))
}

fn write(config: &Config, order: &Order, file: &File) -> Result<(u64, Manifest)> {
    // Before the moment of the database: the head names no entry that is not in it.
    let files = read_kept(&config.data_dir)?;
    let mut snapshot = Snapshot::open(&config.database_url)?;
    let schema = snapshot.schema()?;
    crate::db::refuse_newer_than_this(snapshot.engine(), schema)?;
    // After its moment began: a key that was made meanwhile is there before anything is sealed with it.
    let keys = find_keys(config)?;
    let head = Head {
        made_at: order.now.rfc3339(),
        version: env!("CARGO_PKG_VERSION").into(),
        sealed: order.passphrase.map(|_| Sealed::new()),
    };
    let id = hex(&random::<16>());
    let opening = Opening {
        schema,
        engine: match snapshot.engine() {
            Engine::Sqlite => "sqlite".into(),
            Engine::Postgres => "postgres".into(),
        },
        mark: hex(&keys.prove("mark", id.as_bytes())),
        key: order.passphrase.map(|_| keys.text.clone()),
        id,
    };
    let to = Writer::new(std::io::BufWriter::new(file), &head, order.passphrase)?;
    let to = zstd::Encoder::new(to, LEVEL).map_err(unwritten)?;
    let mut archive = archive::Writer::new(to, &opening).map_err(unwritten)?;
    write_tables(&mut snapshot, &mut archive, order.stop)?;
    // After the moment of the database: what its rows name is there.
    drop(snapshot);
    for (path, content) in files {
        archive.file(&path, content.as_slice()).map_err(unwritten)?;
    }
    for folder in KEPT_FOLDERS {
        write_folder(&mut archive, &config.data_dir, Path::new(folder), order.stop)?;
    }
    let (to, manifest) = archive.finish().map_err(unwritten)?;
    let (_, bytes) = to.finish().map_err(unwritten)?.finish(|digest| keys.prove("end", digest))?;
    Ok((bytes, manifest))
}

fn read_kept(data_dir: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut all = Vec::new();
    for name in KEPT_FILES {
        match std::fs::read(data_dir.join(name)) {
            Ok(content) => all.push((name.to_string(), content)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::config(format!("{name}: {e}"))),
        }
    }
    Ok(all)
}

fn write_tables(snapshot: &mut Snapshot, archive: &mut archive::Writer<impl Write>, stop: &AtomicBool) -> Result<()> {
    for table in snapshot.tables()? {
        archive.table(&table).map_err(unwritten)?;
        let mut sum = Summing::default();
        snapshot.rows(&table, &mut |row| {
            if stop.load(Ordering::Relaxed) {
                return Err(DbError::Unavailable("the backup was asked to stop".into()));
            }
            sum.add(row);
            archive.row(row).map_err(|e| DbError::Unavailable(format!("the backup could not be written: {e}")))
        })?;
        archive.end_table(sum.of(&table.name)).map_err(unwritten)?;
    }
    Ok(())
}

/// Whether a file is still being written: by us (`.new`), or by the store of files (an id, `#`, a number).
fn is_half(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".new") || name.contains('#')
}

/// Files below a folder, under their paths from the data folder. What is still being written has not happened, and what
/// goes meanwhile is gone.
fn write_folder(
    archive: &mut archive::Writer<impl Write>,
    data_dir: &Path,
    folder: &Path,
    stop: &AtomicBool,
) -> Result<()> {
    let named = |e: std::io::Error| Error::config(format!("{}: {e}", data_dir.join(folder).display()));
    let mut entries = match std::fs::read_dir(data_dir.join(folder)) {
        Ok(entries) => entries.collect::<std::io::Result<Vec<_>>>().map_err(named)?,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(named(e)),
    };
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::config("the backup was asked to stop"));
        }
        let path = folder.join(entry.file_name());
        let kind = entry.file_type().map_err(named)?;
        if kind.is_dir() {
            write_folder(archive, data_dir, &path, stop)?;
        } else if kind.is_file() && !is_half(&path) {
            let said = path.to_str().ok_or_else(|| Error::config(format!("{} is no text", path.display())))?;
            match File::open(entry.path()) {
                Ok(file) => archive.file(said, file).map_err(unwritten)?,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(named(e)),
            }
        }
    }
    Ok(())
}
