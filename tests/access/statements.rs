//! The register of statements: each one prepares on both databases, runs on an index, and binds its practice.

use std::collections::{BTreeMap, BTreeSet};

use ruh::db::{Engine, STATEMENTS, Scope, Sql};
use testkit::TestApp;

/// Statements that may walk an index or a table from one end, and why that stays cheap.
const WALKS: &[(&str, &str, &str)] = &[
    ("src/practices/queries.rs", "ANY", "stops at the first row"),
    ("src/audit/queries.rs", "UNSEALED", "walks a partial index that the sealer keeps nearly empty"),
    ("src/audit/queries.rs", "LAST", "takes the last row of an index"),
    ("src/jobs/queries.rs", "COUNTS", "asked for by hand, on a table that jobs leave when they are done"),
    ("src/jobs/queries.rs", "RELEASE", "asked for by hand, once after a restore"),
];

fn may_walk(sql: &Sql) -> bool {
    WALKS.iter().any(|(file, name, _)| *file == sql.file && *name == sql.name)
}

fn all() -> Vec<&'static Sql> {
    let mut all: Vec<&'static Sql> = STATEMENTS.iter().copied().collect();
    all.sort_by_key(|sql| (sql.file, sql.name));
    all
}

#[test]
fn the_register_is_whole_and_names_are_unique_in_a_file() {
    let all = all();
    assert!(all.len() > 100, "only {} statements are registered", all.len());
    let names: BTreeSet<_> = all.iter().map(|sql| (sql.file, sql.name)).collect();
    assert_eq!(names.len(), all.len(), "a name is used twice in one file");
    for (file, name, why) in WALKS {
        assert!(names.contains(&(*file, *name)), "{file} {name} is gone: strike it off");
        assert!(!why.is_empty());
    }
    for sql in &all {
        if let Scope::Across(why) = sql.scope {
            assert!(why.split_whitespace().count() >= 4, "{} {}: say why", sql.file, sql.name);
        }
    }
}

/// Table names, and those that have a practice_id.
fn tables(conn: &rusqlite::Connection) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut names =
        conn.prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'").unwrap();
    let all: BTreeSet<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut with_practice = conn
        .prepare(
            "select m.name from sqlite_master m, pragma_table_info(m.name) c
                  where m.type = 'table' and c.name = 'practice_id'",
        )
        .unwrap();
    let tenants = with_practice.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    (all, tenants)
}

fn open(t: &TestApp) -> rusqlite::Connection {
    rusqlite::Connection::open(t.folder().join("ruh.db")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tenant_statement_ties_every_table_to_the_practice() {
    let t = TestApp::new(Engine::Sqlite);
    let (_, tenants) = tables(&open(&t));
    for known in ["clients", "members", "invitations", "audit_entries", "idempotency", "care_team"] {
        assert!(tenants.contains(known), "{known}");
    }
    let mut wrong = Vec::new();
    for sql in all() {
        for text in [sql.sqlite, sql.postgres] {
            let touched = touched(text, &tenants);
            let said = match sql.scope {
                Scope::Tenant if touched.is_empty() => Some("touches no practice's table".to_string()),
                Scope::Tenant => untied(text, &tenants),
                Scope::House if !touched.is_empty() => Some(format!("is for the house and touches {touched:?}")),
                _ => None,
            };
            wrong.extend(said.map(|said| format!("{} {} {said}:\n{text}", sql.file, sql.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_checker_of_tenancy_sees_what_is_wrong() {
    let tenants: BTreeSet<String> = ["clients", "members", "invitations"].map(String::from).into();
    let good = [
        "select id from clients where practice_id = $1 and id = $2",
        "select c.id from clients c join members m on m.practice_id = c.practice_id and m.id = c.x where c.practice_id = $1",
        "select c.id, (select i.id from invitations i where i.practice_id = c.practice_id limit 1) from clients c where c.practice_id = $1",
        "select id from clients where practice_id = $1 and id in (select m.id from members m where m.practice_id = $1)",
        "insert into clients (practice_id, id) values ($1, $2)",
        "insert into clients (practice_id, id) select $1, m.id from members m where m.practice_id = $1",
        "update clients set name = $3 where practice_id = $1 and id = $2",
        "delete from clients where practice_id = $1 and id = $2",
    ];
    for text in good {
        assert_eq!(untied(text, &tenants), None, "{text}");
    }
    let bad = [
        "select id from clients where id = $1",
        "select id from clients where practice_id = $2 and id = $1",
        "select id from clients where practice_id = $1 or id = $2",
        "select id from clients where practice_id = $10",
        "select c.id from clients c join members m on m.id = c.x where c.practice_id = $1",
        "select c.id, (select i.id from invitations i where i.client_id = c.id) from clients c where c.practice_id = $1",
        "select id from clients where practice_id = $1 and id in (select id from members)",
        "insert into clients (id, practice_id) values ($1, $2)",
        "insert into clients (practice_id, id) values ($2, $1)",
        "insert into clients (practice_id, id) select m.practice_id, m.id from members m where m.practice_id = $1",
        "insert into clients (practice_id, id) select $1, m.id from members m",
        "update clients set practice_id = $1 where id = $2",
        "delete from clients where id = $1",
        "select id from clients, members where practice_id = $1",
    ];
    for text in bad {
        assert!(untied(text, &tenants).is_some(), "{text}");
    }
}

fn words(text: &str) -> Vec<String> {
    let mut spaced = String::new();
    for c in text.to_lowercase().chars() {
        if matches!(c, '(' | ')' | ',' | '=' | '<' | '>') {
            spaced.push(' ');
            spaced.push(c);
            spaced.push(' ');
        } else {
            spaced.push(c);
        }
    }
    spaced.split_whitespace().map(str::to_string).collect()
}

fn touched(text: &str, tenants: &BTreeSet<String>) -> BTreeSet<String> {
    words(text).into_iter().filter(|word| tenants.contains(word)).collect()
}

/// One query: its own words, and those of the queries in parentheses inside it.
struct Query {
    own: Vec<String>,
    inner: Vec<Query>,
}

/// Takes the words up to the closing parenthesis; parentheses that hold no query stay part of the words.
fn parse(words: &mut std::iter::Peekable<std::vec::IntoIter<String>>) -> Query {
    let mut query = Query { own: Vec::new(), inner: Vec::new() };
    let mut depth = 0;
    while let Some(word) = words.next() {
        match word.as_str() {
            "(" if words.peek().is_some_and(|next| next == "select") => {
                query.inner.push(parse(words));
                query.own.push("subquery".into());
            }
            "(" => {
                depth += 1;
                query.own.push(word);
            }
            ")" if depth == 0 => return query,
            ")" => {
                depth -= 1;
                query.own.push(word);
            }
            _ => query.own.push(word),
        }
    }
    query
}

/// What is wrong with a tenant statement, if anything.
fn untied(text: &str, tenants: &BTreeSet<String>) -> Option<String> {
    let query = parse(&mut words(text).into_iter().peekable());
    untied_query(&query, tenants, &BTreeSet::new())
}

fn untied_query(query: &Query, tenants: &BTreeSet<String>, outer_tied: &BTreeSet<String>) -> Option<String> {
    let own = &query.own;
    if own.first().is_some_and(|word| word == "insert") {
        let table = &own[2];
        let values = own.iter().position(|word| word == "values");
        let starts_with =
            |at: usize, what: &str| own.get(at).is_some_and(|w| w == "(") && own.get(at + 1).is_some_and(|w| w == what);
        // Rows made from a query: it selects $1 first, and is tied like any other.
        if let Some(select) = own.iter().position(|word| word == "select") {
            let from = Query { own: own[select..].to_vec(), inner: Vec::new() };
            let good = starts_with(3, "practice_id") && own.get(select + 1).is_some_and(|w| w == "$1");
            return match good {
                false => Some(format!("inserts into {table} without $1 as the practice")),
                true => untied_query(&from, tenants, outer_tied),
            };
        }
        let good = starts_with(3, "practice_id") && values.is_some_and(|at| starts_with(at + 1, "$1"));
        return (tenants.contains(table) && !good).then(|| format!("inserts into {table} without $1 as the practice"));
    }
    if own.iter().any(|word| word == "or" || word == "union") {
        return Some("has an alternative that this checker does not follow".into());
    }
    // Alias → table, in from, join and update.
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for (at, word) in own.iter().enumerate() {
        let follows = matches!(word.as_str(), "from" | "join" | "update");
        let comma = word == ","
            && own[..at].iter().rev().take_while(|w| *w != "select").any(|w| w == "from")
            && !own[..at].iter().any(|w| w == "where" || w == "order");
        let Some(table) = own.get(at + 1).filter(|_| follows || comma) else { continue };
        let next = own.get(at + 2).map_or("", String::as_str);
        let stop = ["", "where", "set", "on", "join", "left", "order", "limit", "group", ","];
        let alias = if stop.contains(&next) { table } else { next };
        tables.insert(alias.to_string(), table.clone());
    }
    let lone = tables.len() == 1;
    let condition = own.iter().position(|word| word == "where" || word == "on").unwrap_or(own.len());
    let mut tied = outer_tied.clone();
    loop {
        let before = tied.len();
        for at in condition..own.len().saturating_sub(2) {
            if own[at + 1] != "=" {
                continue;
            }
            let side = |word: &str| match word.strip_suffix("practice_id") {
                Some("") if lone => tables.keys().next().cloned(),
                Some(alias) => alias.strip_suffix('.').map(str::to_string),
                None => None,
            };
            match (side(&own[at]), own[at + 2].as_str(), side(&own[at + 2])) {
                (Some(alias), "$1", _) => drop(tied.insert(alias)),
                (Some(a), _, Some(b)) if tied.contains(&a) || tied.contains(&b) => {
                    tied.insert(a);
                    tied.insert(b);
                }
                _ => {}
            }
        }
        if tied.len() == before {
            break;
        }
    }
    let loose = tables.iter().find(|(alias, table)| tenants.contains(*table) && !tied.contains(*alias));
    if let Some((alias, table)) = loose {
        return Some(format!("does not tie {table} ({alias}) to $1"));
    }
    query.inner.iter().find_map(|inner| untied_query(inner, tenants, &tied))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_runs_on_an_index_of_sqlite() {
    let t = TestApp::new(Engine::Sqlite);
    let conn = open(&t);
    let mut wrong = Vec::new();
    for sql in all() {
        let text = sql.sqlite;
        conn.prepare(text).unwrap_or_else(|e| panic!("{} {}: {e}", sql.file, sql.name));
        let mut explain = conn.prepare(&format!("explain query plan {text}")).unwrap();
        let steps: Vec<String> = explain.raw_query().mapped(|row| row.get(3)).map(Result::unwrap).collect();
        if may_walk(sql) {
            continue;
        }
        let bad = steps.iter().any(|step| is_scan(step));
        if bad {
            wrong.push(format!("{} {}:\n  {}", sql.file, sql.name, steps.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The checker sees a scan, and a search that only knows the practice.
    for text in
        ["select id from clients where note = $1", "select id from clients where practice_id = $1 and note = $2"]
    {
        let mut explain = conn.prepare(&format!("explain query plan {text}")).unwrap();
        let steps: Vec<String> = explain.raw_query().mapped(|row| row.get(3)).map(Result::unwrap).collect();
        assert!(steps.iter().any(|step| is_scan(step)), "{text}: {steps:?}");
    }
}

/// Whether a step of SQLite's plan walks a table: all of it, or all of one practice's part.
fn is_scan(step: &str) -> bool {
    let mut words = step.split_whitespace();
    let (kind, what) = (words.next(), words.next().unwrap_or_default());
    match kind {
        // A search by MATCH is shown as a scan of the virtual table with its index.
        Some("SCAN") => {
            !(step.contains("VIRTUAL TABLE INDEX") && step.contains(":M"))
                && what != "CONSTANT"
                && !what.starts_with('(')
        }
        Some("SEARCH") => step.ends_with("(practice_id=?)") && !GROWS_SLOWLY.contains(&what),
        _ => false,
    }
}

/// Aliases and tables of which one practice has few rows: its groups, its staff, its forms and flows, what it chose of
/// reminders and of chat, and what its documents take.
const GROWS_SLOWLY: &[&str] =
    &["client_groups", "members", "document_space", "forms", "flows", "form_settings", "chat_settings"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_runs_on_an_index_of_postgres() {
    let mut t = TestApp::new(Engine::Postgres);
    t.leave_jobs();
    let url = t.raw.url();
    let check = move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        client.batch_execute(FILL).unwrap();
        client.batch_execute("set enable_seqscan = off; set plan_cache_mode = force_generic_plan").unwrap();
        let mut wrong = Vec::new();
        for sql in all() {
            let plan = postgres_plan(&mut client, sql.postgres, sql.name);
            let walks = !may_walk(sql) && postgres_walks(&plan);
            if walks {
                wrong.push(format!("{} {}: {plan}", sql.file, sql.name));
            }
        }
        assert!(wrong.is_empty(), "{} statements walk:\n{}", wrong.len(), wrong.join("\n"));
        for text in ["select id from clients where note = $1", "select id from accounts where language = $1"] {
            let plan = postgres_plan(&mut client, text, "counter_case");
            assert!(postgres_walks(&plan), "{text}: {plan:#}");
        }
    };
    tokio::task::spawn_blocking(check).await.unwrap();
}

/// In an empty table every index costs the same: where two would do, the choice says nothing.
const FILL: &str = "
    insert into accounts (id, created_at) select gen_random_uuid(), n from generate_series(1, 3000) n;
    insert into account_emails (id, account_id, email, email_key, is_login, created_at)
        select gen_random_uuid(), id, id::text, id::text, true, 1 from accounts;
    insert into jobs (id, kind, subject, state, run_at, attempts, created_at)
        select gen_random_uuid(), 'none', gen_random_uuid(), 'ready', n, 0, n from generate_series(1, 3000) n;
    analyze accounts, account_emails, jobs";

fn postgres_plan(client: &mut postgres::Client, text: &str, name: &str) -> serde_json::Value {
    let prepared = client.prepare(text).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    let nulls = vec!["null"; prepared.params().len()].join(", ");
    let execute = if nulls.is_empty() { "execute planned".to_string() } else { format!("execute planned({nulls})") };
    client.batch_execute(&format!("prepare planned as {text}")).unwrap();
    let rows = client.simple_query(&format!("explain (format json) {execute}")).unwrap();
    client.batch_execute("deallocate planned").unwrap();
    let plan: String = rows
        .iter()
        .filter_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        })
        .collect();
    serde_json::from_str(&plan).unwrap_or_else(|e| panic!("{e}: {plan}"))
}

/// Whether any step reads a table from end to end, by the table itself or by an index without a condition.
fn postgres_walks(plan: &serde_json::Value) -> bool {
    match plan {
        serde_json::Value::Array(all) => all.iter().any(postgres_walks),
        serde_json::Value::Object(step) => {
            let kind = step.get("Node Type").and_then(|kind| kind.as_str()).unwrap_or_default();
            let by_index = matches!(kind, "Index Scan" | "Index Only Scan" | "Bitmap Index Scan");
            kind == "Seq Scan" || (by_index && !step.contains_key("Index Cond")) || step.values().any(postgres_walks)
        }
        _ => false,
    }
}
