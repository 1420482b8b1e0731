//! Values that go into statements and columns that come out, the same for both engines.

use bytes::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use super::DbError;

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Uuid),
}

macro_rules! value_from {
    ($($from:ty => $variant:ident($convert:expr)),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Value {
                #[allow(clippy::redundant_closure_call)]
                Value::$variant(($convert)(value))
            }
        }
    )*};
}
value_from! {
    bool => Bool(|v| v),
    i64 => Int(|v| v),
    u32 => Int(i64::from),
    String => Text(|v| v),
    &str => Text(str::to_string),
    &String => Text(String::clone),
    Vec<u8> => Bytes(|v| v),
    &[u8] => Bytes(<[u8]>::to_vec),
    Uuid => Uuid(|v| v),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, Value as Lite, ValueRef};
        Ok(match self {
            Value::Null => ToSqlOutput::Owned(Lite::Null),
            Value::Bool(v) => ToSqlOutput::Owned(Lite::Integer(i64::from(*v))),
            Value::Int(v) => ToSqlOutput::Owned(Lite::Integer(*v)),
            Value::Text(v) => ToSqlOutput::Borrowed(ValueRef::Text(v.as_bytes())),
            Value::Bytes(v) => ToSqlOutput::Borrowed(ValueRef::Blob(v)),
            Value::Uuid(v) => ToSqlOutput::Borrowed(ValueRef::Blob(v.as_bytes())),
        })
    }
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Bool(v) if *ty == Type::BOOL => v.to_sql(ty, out),
            Value::Int(v) if *ty == Type::INT8 => v.to_sql(ty, out),
            Value::Int(v) if *ty == Type::INT4 => i32::try_from(*v)?.to_sql(ty, out),
            Value::Text(v) => v.to_sql(ty, out),
            Value::Bytes(v) => v.to_sql(ty, out),
            Value::Uuid(v) => v.to_sql(ty, out),
            other => Err(format!("{other:?} does not fit a column of type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// One row of an answer, read by position.
pub enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a postgres::Row),
}

impl Row<'_> {
    /// Reads a column. Errors: the column is of another type, or null where it must not be.
    pub fn get<T: Column>(&self, index: usize) -> Result<T, DbError> {
        T::read(self, index)
    }
}

/// What a column can be read as.
pub trait Column: Sized {
    fn read(row: &Row, index: usize) -> Result<Self, DbError>;
}

macro_rules! plain_column {
    ($($ty:ty),*) => {$(
        impl Column for $ty {
            fn read(row: &Row, index: usize) -> Result<Self, DbError> {
                match row {
                    Row::Sqlite(row) => row.get(index).map_err(super::sqlite::error),
                    Row::Postgres(row) => row.try_get(index).map_err(super::postgres::error),
                }
            }
        }
        impl Column for Option<$ty> {
            fn read(row: &Row, index: usize) -> Result<Self, DbError> {
                match row {
                    Row::Sqlite(row) => row.get(index).map_err(super::sqlite::error),
                    Row::Postgres(row) => row.try_get(index).map_err(super::postgres::error),
                }
            }
        }
    )*};
}
plain_column!(bool, i64, String, Vec<u8>, Uuid);

/// Makes a newtype over a column type usable as column and value.
#[macro_export]
macro_rules! column_newtype {
    ($ty:ident($inner:ty)) => {
        impl $crate::db::Column for $ty {
            fn read(row: &$crate::db::Row, index: usize) -> Result<Self, $crate::db::DbError> {
                row.get::<$inner>(index).map($ty)
            }
        }
        impl $crate::db::Column for Option<$ty> {
            fn read(row: &$crate::db::Row, index: usize) -> Result<Self, $crate::db::DbError> {
                Ok(row.get::<Option<$inner>>(index)?.map($ty))
            }
        }
        impl From<$ty> for $crate::db::Value {
            fn from(value: $ty) -> $crate::db::Value {
                value.0.into()
            }
        }
    };
}
