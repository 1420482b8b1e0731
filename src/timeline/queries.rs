use super::Entry;
use crate::activities::{Before, Topic};
use crate::error::Result;
use crate::ids::ClientId;
use crate::params;
use crate::practice::Practice;
use crate::{entry_columns, entry_people};

macro_rules! list {
    ($topic:literal) => {
        concat!(
            "select ",
            entry_columns!(),
            " from activities a",
            entry_people!(),
            "where a.practice_id = $1 and a.client_id = $2",
            $topic,
            " and (a.at, a.id) < ($4, $5) order by a.at desc, a.id desc limit $6"
        )
    };
}

crate::sql! {
    tenant LIST = list!(" and cast($3 as text) is not null");
    tenant OF_TOPIC = list!(" and a.topic = $3");
}

/// The newest before a moment.
pub fn list(p: &Practice, client: ClientId, topic: Option<Topic>, before: Before, limit: i64) -> Result<Vec<Entry>> {
    let statement = if topic.is_some() { &OF_TOPIC } else { &LIST };
    let topic = topic.map_or("", Topic::as_str);
    let found = p.all(statement, params![client, topic, before.0, before.1, limit], |row| Entry::of(row, 0))?;
    Ok(found.into_iter().flatten().collect())
}
