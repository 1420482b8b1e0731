use crate::error::Result;
use crate::params;
use crate::practice::House;

/// Where `daily` keeps what all servers of an installation know.
const KEY: &str = "backup";

crate::sql! {
    house READ = "select value from installation where key = $1";
    house WRITE =
        "insert into installation (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value";
}

pub fn read(h: &House) -> Result<Option<String>> {
    h.one(&READ, params![KEY], |row| Ok(row.get(0)?))
}

pub fn write(h: &House, value: &str) -> Result<()> {
    h.run(&WRITE, params![KEY, value]).map(drop)
}
