//! What a backup says, frame by frame: an opening, each table with its rows, the files of the data folder, and at the
//! end how much there was of everything.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::db::{DbError, Table};
use crate::error::{Error, Result};

/// Rows that travel together, in bytes.
const BLOCK: usize = 128 * 1024;
/// No frame is longer: a row with its largest value.
const FRAME_LIMIT: usize = 1 << 30;

const OPENING: u8 = b'O';
const TABLE: u8 = b'T';
const ROWS: u8 = b'R';
const FILE: u8 = b'F';
const DATA: u8 = b'D';
const END: u8 = b'E';

/// What a restore has to know first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opening {
    pub id: String,
    /// The number of the last migration.
    pub schema: i32,
    pub engine: String,
    /// What the installation's key says of `id`, in hex: a restore with another key is refused by it.
    pub mark: String,
    /// The key itself, in a sealed backup only.
    pub key: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub tables: Vec<TableSum>,
    pub files: Vec<FileSum>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    pub name: String,
    pub rows: u64,
    /// Over all rows, whatever their order, in hex.
    pub sum: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    pub path: String,
    pub bytes: u64,
}

impl Manifest {
    pub fn rows_of(&self, table: &str) -> u64 {
        self.tables.iter().find(|t| t.name == table).map_or(0, |t| t.rows)
    }
}

/// Counts rows and sums what they say. The two databases hand rows over in different orders.
#[derive(Default)]
pub struct Summing {
    rows: u64,
    sum: u128,
}

impl Summing {
    pub fn add(&mut self, row: &[u8]) {
        let digest: [u8; 32] = Sha256::digest(row).into();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_le_bytes(first));
    }

    pub fn of(self, table: &str) -> TableSum {
        TableSum { name: table.to_string(), rows: self.rows, sum: format!("{:032x}", self.sum) }
    }
}

pub struct Writer<W: Write> {
    to: W,
    block: Vec<u8>,
    pub manifest: Manifest,
}

impl<W: Write> Writer<W> {
    pub fn new(to: W, opening: &Opening) -> io::Result<Writer<W>> {
        let mut writer = Writer { to, block: Vec::with_capacity(BLOCK), manifest: Manifest::default() };
        writer.say(OPENING, opening)?;
        Ok(writer)
    }

    fn frame(&mut self, tag: u8, content: &[u8]) -> io::Result<()> {
        let length = u32::try_from(content.len()).map_err(io::Error::other)?;
        self.to.write_all(&[tag])?;
        self.to.write_all(&length.to_le_bytes())?;
        self.to.write_all(content)
    }

    fn say(&mut self, tag: u8, what: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_vec(what)?;
        self.frame(tag, &text)
    }

    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        self.say(TABLE, table)
    }

    pub fn row(&mut self, row: &[u8]) -> io::Result<()> {
        let length = u32::try_from(row.len()).map_err(io::Error::other)?;
        self.block.extend_from_slice(&length.to_le_bytes());
        self.block.extend_from_slice(row);
        if self.block.len() >= BLOCK { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> io::Result<()> {
        let block = std::mem::take(&mut self.block);
        let written = if block.is_empty() { Ok(()) } else { self.frame(ROWS, &block) };
        self.block = block;
        self.block.clear();
        written
    }

    pub fn end_table(&mut self, sum: TableSum) -> io::Result<()> {
        self.end_block()?;
        self.manifest.tables.push(sum);
        Ok(())
    }

    pub fn file(&mut self, path: &str, mut content: impl Read) -> io::Result<()> {
        self.say(FILE, &path)?;
        let mut bytes = 0;
        let mut block = vec![0; BLOCK];
        loop {
            let got = content.read(&mut block)?;
            if got == 0 {
                break;
            }
            self.frame(DATA, &block[..got])?;
            bytes += got as u64;
        }
        self.manifest.files.push(FileSum { path: path.to_string(), bytes });
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<(W, Manifest)> {
        let manifest = std::mem::take(&mut self.manifest);
        self.say(END, &manifest)?;
        Ok((self.to, manifest))
    }
}

/// What comes next.
pub enum Part {
    Table(Table),
    /// Rows and data in between are asked for by `rows` and `data`.
    File(String),
    End(Manifest),
}

pub struct Reader<R: Read> {
    from: R,
    /// A frame that was read and belongs to what comes after.
    next: Option<(u8, Vec<u8>)>,
    rows: Vec<u8>,
    at: usize,
}

fn strange() -> Error {
    Error::config("the content of the backup makes no sense")
}

fn parse<T: DeserializeOwned>(content: &[u8]) -> Result<T> {
    serde_json::from_slice(content).map_err(|_| strange())
}

impl<R: Read> Reader<R> {
    pub fn open(from: R) -> Result<(Reader<R>, Opening)> {
        let mut reader = Reader { from, next: None, rows: Vec::new(), at: 0 };
        let (tag, content) = reader.frame()?;
        if tag != OPENING {
            return Err(strange());
        }
        Ok((reader, parse(&content)?))
    }

    fn frame(&mut self) -> Result<(u8, Vec<u8>)> {
        if let Some(frame) = self.next.take() {
            return Ok(frame);
        }
        let mut head = [0; 5];
        self.from.read_exact(&mut head).map_err(|_| strange())?;
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if length > FRAME_LIMIT {
            return Err(strange());
        }
        // Grows as bytes come: a length alone takes no memory.
        let mut content = Vec::new();
        let got = self.from.by_ref().take(length as u64).read_to_end(&mut content).map_err(|_| strange())?;
        if got == length { Ok((head[0], content)) } else { Err(strange()) }
    }

    pub fn part(&mut self) -> Result<Part> {
        let (tag, content) = self.frame()?;
        match tag {
            TABLE => Ok(Part::Table(parse(&content)?)),
            FILE => Ok(Part::File(parse(&content)?)),
            END => Ok(Part::End(parse(&content)?)),
            _ => Err(strange()),
        }
    }

    /// The next row of the table at hand; `false` after its last.
    pub fn row(&mut self, row: &mut Vec<u8>) -> std::result::Result<bool, DbError> {
        let broken = || DbError::Other("a table of the backup makes no sense".into());
        if self.at == self.rows.len() {
            let (tag, content) = self.frame().map_err(|_| broken())?;
            self.at = 0;
            if tag != ROWS {
                self.rows.clear();
                self.next = Some((tag, content));
                return Ok(false);
            }
            self.rows = content;
        }
        let rest = self.rows.get(self.at..).unwrap_or_default();
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(broken)?;
        let length = u32::from_le_bytes(*length) as usize;
        row.clear();
        row.extend_from_slice(rest.get(..length).ok_or_else(broken)?);
        self.at += 4 + length;
        Ok(true)
    }

    /// Copies the file at hand; how many bytes it has.
    pub fn data(&mut self, to: &mut impl Write) -> Result<u64> {
        let mut bytes = 0;
        loop {
            let (tag, content) = self.frame()?;
            if tag != DATA {
                self.next = Some((tag, content));
                return Ok(bytes);
            }
            to.write_all(&content).map_err(|e| Error::config(format!("a file could not be written: {e}")))?;
            bytes += content.len() as u64;
        }
    }
}
