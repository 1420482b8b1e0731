//! A row as bytes that say by themselves what they are, the same for both engines: what stands in a backup.

use super::DbError;

/// What a column holds. Every column of every migration is one of these: a test holds that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Uuid,
    Text,
    Int,
    Bool,
    Bytes,
}

impl Kind {
    /// The kind of a column by its declared type.
    pub fn of(declared: &str) -> Option<Kind> {
        Some(match declared {
            "uuid" => Kind::Uuid,
            "text" => Kind::Text,
            "bigint" => Kind::Int,
            "boolean" => Kind::Bool,
            "bytea" => Kind::Bytes,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Uuid([u8; 16]),
}

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const TEXT: u8 = 4;
const BYTES: u8 = 5;
const UUID: u8 = 6;

impl<'a> Cell<'a> {
    /// Takes the next cell off the front of a row, for a column of this kind. Errors: it is of another one.
    pub fn read_for(row: &mut &'a [u8], kind: Kind) -> Result<Cell<'a>, DbError> {
        let cell = Cell::read(row)?;
        let fits = match cell {
            Cell::Null => true,
            Cell::Bool(_) => kind == Kind::Bool,
            Cell::Int(_) => kind == Kind::Int,
            Cell::Text(_) => kind == Kind::Text,
            Cell::Bytes(_) => kind == Kind::Bytes,
            Cell::Uuid(_) => kind == Kind::Uuid,
        };
        if fits { Ok(cell) } else { Err(strange()) }
    }

    pub fn write(self, out: &mut Vec<u8>) {
        match self {
            Cell::Null => out.push(NULL),
            Cell::Bool(false) => out.push(FALSE),
            Cell::Bool(true) => out.push(TRUE),
            Cell::Int(n) => {
                out.push(INT);
                out.extend_from_slice(&n.to_le_bytes());
            }
            Cell::Text(text) => long(out, TEXT, text.as_bytes()),
            Cell::Bytes(bytes) => long(out, BYTES, bytes),
            Cell::Uuid(id) => {
                out.push(UUID);
                out.extend_from_slice(&id);
            }
        }
    }

    fn read(row: &mut &'a [u8]) -> Result<Cell<'a>, DbError> {
        let tag = take(row, 1)?[0];
        Ok(match tag {
            NULL => Cell::Null,
            FALSE => Cell::Bool(false),
            TRUE => Cell::Bool(true),
            INT => Cell::Int(i64::from_le_bytes(fixed(row)?)),
            TEXT => Cell::Text(std::str::from_utf8(counted(row)?).map_err(|_| strange())?),
            BYTES => Cell::Bytes(counted(row)?),
            UUID => Cell::Uuid(fixed(row)?),
            _ => return Err(strange()),
        })
    }
}

fn long(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    // Neither engine holds a value of 4 GiB.
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn strange() -> DbError {
    DbError::Other("a row of the backup makes no sense".into())
}

fn take<'a>(row: &mut &'a [u8], count: usize) -> Result<&'a [u8], DbError> {
    let (head, rest) = row.split_at_checked(count).ok_or_else(strange)?;
    *row = rest;
    Ok(head)
}

fn fixed<const N: usize>(row: &mut &[u8]) -> Result<[u8; N], DbError> {
    take(row, N)?.try_into().map_err(|_| strange())
}

fn counted<'a>(row: &mut &'a [u8]) -> Result<&'a [u8], DbError> {
    let length = u32::from_le_bytes(fixed(row)?);
    take(row, usize::try_from(length).map_err(|_| strange())?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Owned {
        Null,
        Bool(bool),
        Int(i64),
        Text(String),
        Bytes(Vec<u8>),
        Uuid([u8; 16]),
    }

    fn cell(owned: &Owned) -> Cell<'_> {
        match owned {
            Owned::Null => Cell::Null,
            Owned::Bool(v) => Cell::Bool(*v),
            Owned::Int(v) => Cell::Int(*v),
            Owned::Text(v) => Cell::Text(v),
            Owned::Bytes(v) => Cell::Bytes(v),
            Owned::Uuid(v) => Cell::Uuid(*v),
        }
    }

    fn any_cell() -> impl Strategy<Value = Owned> {
        prop_oneof![
            Just(Owned::Null),
            any::<bool>().prop_map(Owned::Bool),
            any::<i64>().prop_map(Owned::Int),
            any::<String>().prop_map(Owned::Text),
            any::<Vec<u8>>().prop_map(Owned::Bytes),
            any::<[u8; 16]>().prop_map(Owned::Uuid),
        ]
    }

    proptest! {
        #[test]
        fn a_row_reads_back(row in prop::collection::vec(any_cell(), 0..8)) {
            let mut bytes = Vec::new();
            row.iter().for_each(|owned| cell(owned).write(&mut bytes));
            let mut rest = bytes.as_slice();
            for owned in &row {
                prop_assert_eq!(Cell::read(&mut rest).ok(), Some(cell(owned)));
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn rubbish_is_refused_and_never_panics(bytes in any::<Vec<u8>>()) {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() && Cell::read(&mut rest).is_ok() {}
        }
    }
}
