//! Every statement is declared through `sql!`, which registers it: tests walk the register and check each one on both
//! databases without having to reach the code that uses it.

use super::Engine;

/// Who may run a statement, and so what it must bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Touches one practice's rows: `$1` is the practice, bound by the `Practice` handle itself.
    Tenant,
    /// Touches what belongs to no practice (accounts, sessions, jobs).
    House,
    /// Looks across practices on purpose; the text says why.
    Across(&'static str),
}

#[derive(Debug)]
pub struct Sql {
    pub name: &'static str,
    pub file: &'static str,
    pub scope: Scope,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

impl Sql {
    pub fn text(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }
}

/// A statement that only `Practice` runs.
pub struct TenantSql(pub Sql);
/// A statement that only `House` runs.
pub struct HouseSql(pub Sql);

#[linkme::distributed_slice]
pub static STATEMENTS: [&'static Sql];

/// Declares and registers statements:
/// `sql! { tenant A = "…"; house B = "…"; across("why") C = "…"; tenant D = sqlite "…" postgres "…"; }`
#[macro_export]
macro_rules! sql {
    () => {};
    (tenant $name:ident = sqlite $lite:expr, postgres $pg:expr; $($rest:tt)*) => {
        $crate::sql!(@declare $name, TenantSql, $crate::db::Scope::Tenant, $lite, $pg);
        $crate::sql!($($rest)*);
    };
    // One of many that a macro makes: `label` tells it from the others.
    (tenant $name:ident labelled $label:expr, sqlite $lite:expr, postgres $pg:expr;) => {
        $crate::sql!(@declare $name, $label, TenantSql, $crate::db::Scope::Tenant, $lite, $pg);
    };
    (tenant $name:ident = $text:expr; $($rest:tt)*) => {
        $crate::sql!(@declare $name, TenantSql, $crate::db::Scope::Tenant, $text, $text);
        $crate::sql!($($rest)*);
    };
    (house $name:ident = $text:expr; $($rest:tt)*) => {
        $crate::sql!(@declare $name, HouseSql, $crate::db::Scope::House, $text, $text);
        $crate::sql!($($rest)*);
    };
    (across($why:literal) $name:ident = $text:expr; $($rest:tt)*) => {
        $crate::sql!(@declare $name, HouseSql, $crate::db::Scope::Across($why), $text, $text);
        $crate::sql!($($rest)*);
    };
    (across($why:literal) $name:ident labelled $label:expr, = $text:expr; $($rest:tt)*) => {
        $crate::sql!(@declare $name, $label, HouseSql, $crate::db::Scope::Across($why), $text, $text);
        $crate::sql!($($rest)*);
    };
    (@declare $name:ident, $kind:ident, $scope:expr, $lite:expr, $pg:expr) => {
        $crate::sql!(@declare $name, stringify!($name), $kind, $scope, $lite, $pg);
    };
    (@declare $name:ident, $label:expr, $kind:ident, $scope:expr, $lite:expr, $pg:expr) => {
        static $name: $crate::db::$kind = $crate::db::$kind($crate::db::Sql {
            name: $label,
            file: file!(),
            scope: $scope,
            sqlite: $lite,
            postgres: $pg,
        });
        const _: () = {
            #[linkme::distributed_slice($crate::db::STATEMENTS)]
            static REGISTERED: &$crate::db::Sql = &$name.0;
        };
    };
}
