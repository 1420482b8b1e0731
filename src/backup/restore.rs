//! Brings a backup back into an empty data folder and an empty database.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Component, Path, PathBuf};

use super::archive::{self, FileSum, Manifest, Opening, Part, Summing, TableSum};
use super::container::{self, Head, Reader};
use super::keys::{self, Keys};
use super::{KEPT_FILES, KEPT_FOLDERS, unfinished};
use crate::access::Actor;
use crate::app::App;
use crate::audit::{Entry, Verdict};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{self, ColumnOf, Empty, Engine, Table};
use crate::error::{Error, Result};
use crate::ids::PracticeId;

/// What may be in the folder before: the key of the backup, locks, copies, settings.
const HARMLESS: [&str; 5] = [keys::FILE, "lock", "ruh.db.lock", "lost+found", "backups"];

/// A job of the moment of the backup may have been done since: whoever restores decides whether mails go out. What was
/// under way on a server is under way no more.
const HOLD_JOBS: &str =
    "update jobs set state = 'held' where state = 'ready'; update jobs set lease = null, lease_until = null";

/// What came back.
#[derive(Debug)]
pub struct Restored {
    pub made_at: String,
    pub manifest: Manifest,
    pub audit: Verdict,
    /// Whether `secret.key` came out of the backup.
    pub brought_key: bool,
}

type Content = archive::Reader<zstd::Decoder<'static, BufReader<Reader<File>>>>;

/// A backup that was found whole, opened, and ours.
struct Opened {
    head: Head,
    content: Content,
    opening: Opening,
}

/// Restores a backup. Errors before anything is changed: the file is cut or altered, the passphrase or the key is wrong,
/// folder or database hold something. After an error later on, what was made is removed again.
pub async fn restore(config: Config, from: PathBuf, passphrase: Option<String>) -> Result<Restored> {
    let (for_filling, clock) = (config.clone(), Clock::System);
    let filling = tokio::task::spawn_blocking(move || fill_target(&for_filling, &from, passphrase.as_deref()));
    let (mut restored, lock) = filling.await.map_err(|e| Error::internal(e.to_string()))??;
    let app = App::assemble(config, clock)?;
    restored.audit = crate::audit::verify(&app).await?;
    app.write(|h| {
        // Whoever reads the record later sees where time went back.
        let actor = Actor::system(PracticeId(uuid::Uuid::nil()));
        h.practice(&actor).audit(&Entry::new("installation.restored", "installation", None))
    })
    .await?;
    unfinished::lift(&app.config.data_dir)?;
    drop(lock);
    Ok(restored)
}

fn fill_target(config: &Config, from: &Path, passphrase: Option<&str>) -> Result<(Restored, File)> {
    let (opened, keys) = open(config, from, passphrase)?;
    let lock = claim(config)?;
    let filled = fill(config, opened, &keys);
    if filled.is_err() {
        // As it was before: a second try finds everything empty. If even that fails, the mark stays and says so.
        let abandoned = db::abandon(&config.database_url).map_err(Error::from);
        if let Err(e) = abandoned.and_then(|()| clear(config)).and_then(|()| unfinished::lift(&config.data_dir)) {
            tracing::warn!(error = %e, "what was restored so far could not be removed");
        }
    }
    filled.map(|restored| (restored, lock))
}

fn open(config: &Config, from: &Path, passphrase: Option<&str>) -> Result<(Opened, Keys)> {
    let file = File::open(from).map_err(|e| Error::config(format!("{}: {e}", from.display())))?;
    let (head, end) = container::check(&file)?;
    let reader = BufReader::new(Reader::open(file, &head, passphrase)?);
    let content = zstd::Decoder::with_buffer(reader).map_err(|e| Error::config(format!("the backup: {e}")))?;
    let (content, opening) = archive::Reader::open(content)?;
    let keys = keys_for(config, &opening)?;
    if !keys.has_proven("end", &end.digest, &end.proof) {
        return Err(Error::config("the file was not written with this key: it was altered"));
    }
    let engine = if db::path_of(&config.database_url)?.is_some() { Engine::Sqlite } else { Engine::Postgres };
    db::refuse_newer_than_this(engine, opening.schema)?;
    Ok((Opened { head, content, opening }, keys))
}

/// The key that the backup's installation had: out of the backup, or where the settings say.
fn keys_for(config: &Config, opening: &Opening) -> Result<Keys> {
    let mark = (0..opening.mark.len()).step_by(2);
    let mark: Vec<u8> = mark.filter_map(|at| u8::from_str_radix(opening.mark.get(at..at + 2)?, 16).ok()).collect();
    let there = Keys::find(config)?;
    if let Some(keys) = &there
        && !keys.has_proven("mark", opening.id.as_bytes(), &mark)
    {
        return Err(Error::config(format!(
            "the key in {} is not the one of this backup's installation",
            if config.secret_key.is_some() { "RUH_SECRET_KEY".into() } else { key_path(config) }
        )));
    }
    let within = opening.key.as_deref().and_then(Keys::parse);
    there.or(within).ok_or_else(|| {
        Error::config(format!(
            "this backup does not hold the key: put secret.key of its installation at {}, or set RUH_SECRET_KEY",
            key_path(config)
        ))
    })
}

fn key_path(config: &Config) -> String {
    config.data_dir.join(keys::FILE).display().to_string()
}

/// Makes the folder ours, with the mark in it. Errors, with nothing changed: something is in it or in the database.
fn claim(config: &Config) -> Result<File> {
    let left = unfinished::read(&config.data_dir)?;
    refuse_full(config, left.is_some())?;
    let is_ours = left.as_ref().is_some_and(|url| *url == config.database_url);
    if !is_ours {
        Empty::check(&config.database_url)?;
    }
    std::fs::create_dir_all(&config.data_dir)
        .map_err(|e| Error::config(format!("{}: {e}", config.data_dir.display())))?;
    let lock = crate::secrets::lock(&config.data_dir)?;
    if left.is_none() {
        // Somebody may have been first while we waited for the lock.
        unfinished::refuse(&config.data_dir)?;
        refuse_full(config, false)?;
        unfinished::set(&config.data_dir, &config.database_url)?;
    } else {
        clear(config)?;
        if let Some(path) = db::path_of(&config.database_url)?.filter(|_| is_ours) {
            // The mark came when there was no database, and nothing has served it since.
            db::remove_file_of(path)?;
        }
    }
    Ok(lock)
}

fn refuse_full(config: &Config, has_mark: bool) -> Result<()> {
    let folder = &config.data_dir;
    let named = |e: std::io::Error| Error::config(format!("{}: {e}", folder.display()));
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(named(e)),
    };
    for entry in entries {
        let name = entry.map_err(named)?.file_name().to_string_lossy().into_owned();
        let is_left = has_mark && (is_restored(&name) || name.starts_with("ruh.db"));
        if !(HARMLESS.contains(&name.as_str()) || unfinished::is_mark(&name) || name.ends_with(".toml") || is_left) {
            return Err(Error::config(format!(
                "{} is not empty: {name} is in it. A backup is restored into a new folder",
                folder.display()
            )));
        }
    }
    Ok(())
}

fn is_restored(name: &str) -> bool {
    KEPT_FILES.contains(&name) || KEPT_FOLDERS.contains(&name)
}

/// Removes the files of a restore that did not end.
fn clear(config: &Config) -> Result<()> {
    let gone = |outcome: std::io::Result<()>| match outcome {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::config(e.to_string())),
        _ => Ok(()),
    };
    for name in KEPT_FILES {
        gone(std::fs::remove_file(config.data_dir.join(name)))?;
    }
    KEPT_FOLDERS.iter().try_for_each(|name| gone(std::fs::remove_dir_all(config.data_dir.join(name))))
}

fn fill(config: &Config, opened: Opened, keys: &Keys) -> Result<Restored> {
    let Opened { head, mut content, opening } = opened;
    let mut target = Empty::make(&config.database_url, opening.schema)?;
    let tables = target.tables()?;
    let (mut sums, mut files) = (Vec::new(), Vec::new());
    let manifest = loop {
        match content.part()? {
            Part::Table(table) => {
                fill_table(&mut target, &tables, &table, &mut content)?;
                sums.push(table);
            }
            Part::File(path) => files.push(write_file(&config.data_dir, path, &mut content)?),
            Part::End(manifest) => break manifest,
        }
    };
    let names: BTreeSet<&str> = sums.iter().map(|table| table.name.as_str()).collect();
    if let Some(missing) = tables.iter().find(|table| !names.contains(table.name.as_str())) {
        return Err(Error::config(format!("the backup has no table {}", missing.name)));
    }
    let found: Vec<TableSum> = sums.iter().map(|table| sum_of(&mut target, table)).collect::<Result<_>>()?;
    if let Some(other) = found.iter().zip(&manifest.tables).find(|(found, said)| found != said) {
        let ((found, said), name) = ((other.0.rows, other.1.rows), &other.1.name);
        return Err(Error::config(format!("{name}: {found} rows came back of {said}, or others than were saved")));
    }
    if found.len() != manifest.tables.len() || files != manifest.files {
        return Err(Error::config("not everything that the backup names is in it"));
    }
    target.run(HOLD_JOBS)?;
    let brought_key = Keys::find(config)?.is_none();
    if brought_key {
        crate::secrets::write_private(&config.data_dir.join(keys::FILE), &keys.text)?;
    }
    target.complete()?;
    db::release(&config.database_url)?;
    let audit = Verdict::Whole { entries: 0 };
    Ok(Restored { made_at: head.made_at, manifest, audit, brought_key })
}

fn fill_table(target: &mut Empty, tables: &[Table], table: &Table, content: &mut Content) -> Result<()> {
    let own = tables.iter().find(|own| own.name == table.name);
    let columns = |table: &Table| {
        let mut columns = table.columns.clone();
        columns.sort_by(|a: &ColumnOf, b: &ColumnOf| a.name.cmp(&b.name));
        columns
    };
    if own.is_none_or(|own| columns(own) != columns(table)) {
        return Err(Error::config(format!("the table {} of the backup is not as this program knows it", table.name)));
    }
    Ok(target.fill(table, &mut |row| content.row(row))?)
}

fn sum_of(target: &mut Empty, table: &Table) -> Result<TableSum> {
    let mut sum = Summing::default();
    target.rows(table, &mut |row| {
        sum.add(row);
        Ok(())
    })?;
    Ok(sum.of(&table.name))
}

/// Writes a file below the data folder, readable by its owner alone.
fn write_file(data_dir: &Path, path: String, content: &mut Content) -> Result<FileSum> {
    use std::os::unix::fs::OpenOptionsExt;
    let relative = Path::new(&path);
    let is_plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    let first = relative.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned());
    if !is_plain || !first.is_some_and(|first| is_restored(&first)) {
        return Err(Error::config(format!("the backup has a file at a strange place: {path}")));
    }
    let whole = data_dir.join(relative);
    let named = |e: std::io::Error| Error::config(format!("{}: {e}", whole.display()));
    if let Some(folder) = whole.parent() {
        std::fs::create_dir_all(folder).map_err(named)?;
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&whole).map_err(named)?;
    let bytes = content.data(&mut file)?;
    file.sync_all().map_err(named)?;
    Ok(FileSum { path, bytes })
}
