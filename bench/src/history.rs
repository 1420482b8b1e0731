//! A practice with a long life: a million things that happened, ten thousand of them to one client, and all of them news
//! to one member.

use crate::site::Site;

/// Things that happened in the practice; one in a hundred to one client.
const THINGS: u64 = 1_000_000;

/// Writes the history of a client and a member into the tables, as the verbs would have left it.
pub fn write(site: &Site, client: &str, member: &str) {
    for table in ["activities", "feed_items", "audit_entries"] {
        site.execute(&statement(table, client, member, &SQLITE), &statement(table, client, member, &POSTGRES));
    }
    // Two million rows at once leave a long log behind, as no life does.
    site.execute("pragma wal_checkpoint(truncate)", "analyze activities; analyze feed_items; analyze audit_entries");
}

/// How an engine says it.
struct Words {
    numbers: &'static str,
    new_id: &'static str,
    id: fn(&str) -> String,
}

const SQLITE: Words = Words {
    numbers: "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < {last})",
    new_id: "unhex(printf('%032x', n))",
    id: |id| format!("x'{}'", id.replace('-', "")),
};
const POSTGRES: Words = Words {
    numbers: "with numbers (n) as (select generate_series(1::bigint, {last}))",
    new_id: "lpad(to_hex(n), 32, '0')::uuid",
    id: |id| format!("'{id}'::uuid"),
};

fn statement(table: &str, client: &str, member: &str, words: &Words) -> String {
    let (client, member) = ((words.id)(client), (words.id)(member));
    // One in a hundred is the client's, the others are those of somebody else.
    let other = "select o.id from clients o where o.practice_id = c.practice_id order by o.id limit 1";
    let one = format!("select c.practice_id, c.id, ({other}) from clients c where c.id = {client}");
    let whose = "case when n % 100 = 0 then one.id else one.other end";
    let topic = "case when n % 10 = 0 then 'invitations' else 'record' end";
    let at = "1700000000000000 + n * 1000000";
    let new_id = words.new_id;
    let (columns, values, last) = match table {
        "activities" => (
            "practice_id, id, at, kind, client_id, actor_kind, actor_id, about, topic",
            format!("one.practice_id, {new_id}, {at}, 'client.changed', {whose}, 'member', {member}, 'phone', {topic}"),
            THINGS,
        ),
        "feed_items" => (
            "practice_id, member_id, id, at, topic, client_id, seen, mailed",
            format!("one.practice_id, {member}, {new_id}, {at}, {topic}, {whose}, n % 50 <> 0, false"),
            THINGS,
        ),
        _ => (
            "practice_id, id, at, actor_kind, actor_id, action, subject_kind, subject_id, client_id",
            format!("one.practice_id, {new_id}, {at}, 'member', {member}, 'client.read', 'client', one.id, one.id"),
            THINGS / 100,
        ),
    };
    let numbers = words.numbers.replace("{last}", &last.to_string());
    format!(
        "insert into {table} ({columns}) {numbers}, one (practice_id, id, other) as ({one}) select {values} from numbers, one"
    )
}
