//! The few true differences between the two engines, all here.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// The condition "the client's search text contains the fragment in $2", on the engine's trigram index.
/// A macro so that statements stay literal texts that the register can check.
#[macro_export]
macro_rules! search_condition {
    (sqlite) => {
        "c.id in (select r.client_id from client_search s join client_search_rows r on r.row = s.rowid \
         where s.client_search match $2 and r.practice_id = $1)"
    };
    (postgres) => {
        "c.search_text like $2 escape '\\'"
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
