//! The two handles through which slices reach the database. `Practice` carries tenant and actor and binds the practice
//! to `$1` of every statement by itself, so no query can forget it. `House` reaches only what belongs to no practice.

use uuid::Uuid;

use crate::access::{Actor, Role};
use crate::app::App;
use crate::bus::{Hint, Said};
use crate::clock::Instant;
use crate::db::{Engine, HouseSql, Row, TenantSql, Transaction, Value};
use crate::error::Result;
use crate::ids::PracticeId;
use crate::web::PracticeInfo;

/// Values for `$1…` (`House`) or `$2…` (`Practice`).
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}

crate::sql! {
    house INFO =
        "select id, name, slug, time_zone, staff_idle_minutes, client_idle_minutes, clients_may_change_email,
             second_factor_roles
         from practices where id = $1";
}

/// What belongs to no practice, inside one transaction.
pub struct House<'t> {
    tx: &'t dyn Transaction,
    said: &'t Said,
    pub app: &'t App,
    pub now: Instant,
}

/// One practice, on behalf of one actor, inside one transaction.
pub struct Practice<'t> {
    tx: &'t dyn Transaction,
    said: &'t Said,
    pub app: &'t App,
    pub now: Instant,
    pub id: PracticeId,
    pub actor: &'t Actor,
}

impl<'t> House<'t> {
    pub(crate) fn new(tx: &'t dyn Transaction, said: &'t Said, app: &'t App, now: Instant) -> House<'t> {
        House { tx, said, app, now }
    }

    /// The same transaction as if it were another time: how a made-up practice gets its past.
    pub fn at(&self, now: Instant) -> House<'t> {
        House { tx: self.tx, said: self.said, app: self.app, now }
    }

    /// Enters the practice of an actor, in the same transaction.
    pub fn practice<'s>(&'s self, actor: &'s Actor) -> Practice<'s> {
        Practice { tx: self.tx, said: self.said, app: self.app, now: self.now, id: actor.practice, actor }
    }

    /// What pages and the guard need to know of a practice.
    pub fn practice_info(&self, id: PracticeId) -> Result<Option<PracticeInfo>> {
        self.one(&INFO, params![id], |row| {
            Ok(PracticeInfo {
                id: row.get(0)?,
                name: row.get(1)?,
                slug: row.get(2)?,
                time_zone: row.get(3)?,
                staff_idle_minutes: row.get(4)?,
                client_idle_minutes: row.get(5)?,
                clients_may_change_email: row.get(6)?,
                second_factor_roles: Role::parse_all(&row.get::<String>(7)?),
            })
        })
    }

    pub fn all<T>(
        &self,
        sql: &'static HouseSql,
        params: Vec<Value>,
        mut map: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.said.note(&sql.0, &params);
        collect(self.tx, &sql.0, &params, &mut map)
    }

    pub fn one<T>(
        &self,
        sql: &'static HouseSql,
        params: Vec<Value>,
        map: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.all(sql, params, map)?.into_iter().next())
    }

    pub fn run(&self, sql: &'static HouseSql, params: Vec<Value>) -> Result<u64> {
        self.said.note(&sql.0, &params);
        Ok(self.tx.execute(&sql.0, &params)?)
    }

    pub fn new_id(&self) -> Uuid {
        self.app.ids.new_id()
    }
}

impl<'t> Practice<'t> {
    /// The accounts' side of the same transaction.
    pub fn house(&self) -> House<'t> {
        House { tx: self.tx, said: self.said, app: self.app, now: self.now }
    }

    pub fn engine(&self) -> Engine {
        self.tx.engine()
    }

    pub fn all<T>(
        &self,
        sql: &'static TenantSql,
        params: Vec<Value>,
        mut map: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let params = self.with_practice(params);
        self.said.note(&sql.0, &params);
        collect(self.tx, &sql.0, &params, &mut map)
    }

    pub fn one<T>(
        &self,
        sql: &'static TenantSql,
        params: Vec<Value>,
        map: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.all(sql, params, map)?.into_iter().next())
    }

    pub fn run(&self, sql: &'static TenantSql, params: Vec<Value>) -> Result<u64> {
        let params = self.with_practice(params);
        self.said.note(&sql.0, &params);
        Ok(self.tx.execute(&sql.0, &params)?)
    }

    pub fn new_id(&self) -> Uuid {
        self.app.ids.new_id()
    }

    /// Has those look again whom it concerns, once this is committed.
    pub fn say(&self, hint: Hint) {
        self.said.say(hint);
    }

    fn with_practice(&self, mut params: Vec<Value>) -> Vec<Value> {
        params.insert(0, self.id.into());
        params
    }
}

fn collect<T>(
    tx: &dyn Transaction,
    sql: &'static crate::db::Sql,
    params: &[Value],
    map: &mut dyn FnMut(&Row) -> Result<T>,
) -> Result<Vec<T>> {
    // The driver's closure speaks DbError; what else the mapping says is carried past it.
    let mut all = Vec::new();
    let mut refused = None;
    tx.each(sql, params, &mut |row| {
        match map(row) {
            Ok(value) => all.push(value),
            Err(error) => {
                refused.get_or_insert(error);
            }
        }
        Ok(())
    })?;
    refused.map_or(Ok(all), Err)
}
