//! The few true differences between the two engines, all here.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A search by a fragment reads from the trigram index first, and goes from there to the clients `c`.
#[macro_export]
macro_rules! search_source {
    (sqlite) => {
        "client_search s cross join client_search_rows r on r.row = s.rowid \
         cross join clients c on c.practice_id = r.practice_id and c.id = r.client_id"
    };
    // `offset 0`: PostgreSQL finds these first, whatever order is wanted of them.
    (postgres) => {
        "(select s.* from clients s where s.practice_id = $1 and s.search_text like $2 escape '\\' offset 0) c"
    };
}

/// The condition "the client's search text contains the fragment in $2", for a statement that reads from
/// `search_source!`.
/// A macro so that statements stay literal texts that the register can check.
#[macro_export]
macro_rules! search_condition {
    (sqlite) => {
        "s.client_search match $2 and r.practice_id = $1"
    };
    (postgres) => {
        "true"
    };
}

/// Turns a fragment of three characters or more into what `search_condition!` binds as `$2`.
pub fn search_pattern(engine: Engine, fragment: &str) -> String {
    match engine {
        Engine::Sqlite => format!("\"{}\"", fragment.replace('"', "\"\"")),
        Engine::Postgres => {
            let mut pattern = String::with_capacity(fragment.len() + 4);
            pattern.push('%');
            for c in fragment.chars() {
                if matches!(c, '%' | '_' | '\\') {
                    pattern.push('\\');
                }
                pattern.push(c);
            }
            pattern.push('%');
            pattern
        }
    }
}
