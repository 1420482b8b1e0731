//! The columns of sealed values, registered where they are declared, so that each can be sealed anew with another key.

use crate::db::HouseSql;

pub struct SealedColumn {
    /// `table.column`.
    pub name: &'static str,
    /// What its values are sealed as.
    pub what: &'static str,
    /// The ids of its rows, which its values are sealed for: so many columns.
    pub ids: usize,
    /// Binds the ids of a row and a limit: the ids and values of those that follow it.
    pub after: &'static HouseSql,
    /// Binds the ids of a row, a value, and the value that must still be there.
    pub put: &'static HouseSql,
}

#[linkme::distributed_slice]
pub static SEALED_COLUMNS: [&'static SealedColumn];

/// Declares a column of sealed values: `sealed! { NOTE = "client note" in clients (practice_id, id) note_sealed }`. One
/// or two ids, which are the table's key.
#[macro_export]
macro_rules! sealed {
    ($name:ident = $what:literal in $table:ident ($a:ident) $column:ident) => {
        $crate::sealed!(@declare $name, $what, $table, $column, 1,
            concat!("select ", stringify!($a), ", ", stringify!($column), " from ", stringify!($table),
                " where ", stringify!($a), " > $1 and ", stringify!($column), " is not null order by ", stringify!($a),
                " limit $2"),
            concat!("update ", stringify!($table), " set ", stringify!($column), " = $2 where ", stringify!($a),
                " = $1 and ", stringify!($column), " = $3"));
    };
    ($name:ident = $what:literal in $table:ident ($a:ident, $b:ident) $column:ident) => {
        $crate::sealed!(@declare $name, $what, $table, $column, 2,
            concat!("select ", stringify!($a), ", ", stringify!($b), ", ", stringify!($column), " from ",
                stringify!($table), " where (", stringify!($a), ", ", stringify!($b), ") > ($1, $2) and ",
                stringify!($column), " is not null order by ", stringify!($a), ", ", stringify!($b), " limit $3"),
            concat!("update ", stringify!($table), " set ", stringify!($column), " = $3 where ", stringify!($a),
                " = $1 and ", stringify!($b), " = $2 and ", stringify!($column), " = $4"));
    };
    (@declare $name:ident, $what:literal, $table:ident, $column:ident, $ids:literal, $after:expr, $put:expr) => {
        static $name: $crate::secrets::SealedColumn = {
            $crate::sql! {
                across("another key seals the values of every practice") AFTER labelled
                    concat!("AFTER ", stringify!($table), ".", stringify!($column)), = $after;
                across("another key seals the values of every practice") PUT labelled
                    concat!("PUT ", stringify!($table), ".", stringify!($column)), = $put;
            }
            #[linkme::distributed_slice($crate::secrets::SEALED_COLUMNS)]
            static REGISTERED: &$crate::secrets::SealedColumn = &$name;
            $crate::secrets::SealedColumn {
                name: concat!(stringify!($table), ".", stringify!($column)),
                what: $what,
                ids: $ids,
                after: &AFTER,
                put: &PUT,
            }
        };
    };
}
