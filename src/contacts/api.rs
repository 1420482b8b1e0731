//! Family and contacts in the JSON API: the same verbs as the pages.

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::portal::{self, Around};
use super::{Saved, Typed, add, change, find, remove, restore};
use crate::access::{ANY_STAFF, Right, Rights};
use crate::audit::{Entry, note_read};
use crate::clients;
use crate::error::{Error, FieldError, Result};
use crate::ids::{ClientId, ContactId};
use crate::practice::Practice;
use crate::routes::Routes;
use crate::web::{Answer, Ctx, Json, Optional, Path, idempotency_key, once};

pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/clients/{id}/contacts", ANY_STAFF, index)
        .post("/api/v1/clients/{id}/contacts", ANY_STAFF, create)
        .patch("/api/v1/contacts/{id}", ANY_STAFF, update)
        .delete("/api/v1/contacts/{id}", ANY_STAFF, delete)
        .post("/api/v1/contacts/{id}/restore", ANY_STAFF, bring_back)
}

#[derive(Serialize)]
pub struct ContactBody {
    id: ContactId,
    client_id: ClientId,
    first_name: String,
    last_name: Option<String>,
    relation: &'static str,
    email: Option<String>,
    /// E.164.
    phone: Option<String>,
    emergency: bool,
    main: bool,
    /// What they may do in the client's portal, once they are in.
    rights: Vec<&'static str>,
    /// How they stand to the portal: out, consent_asked, consent_refused, invited, in, in_asks_for_more.
    portal: &'static str,
    /// The rights that a client who is of age agreed to.
    agreed: Vec<&'static str>,
    version: i64,
}

impl ContactBody {
    pub fn new(around: Around) -> ContactBody {
        let Around { contact, standing } = around;
        let fields = contact.fields;
        ContactBody {
            id: contact.id,
            client_id: contact.client,
            first_name: fields.first_name,
            last_name: fields.last_name,
            relation: fields.relation.as_str(),
            email: fields.email.map(|email| email.address),
            phone: fields.phone,
            emergency: fields.emergency,
            main: fields.main,
            rights: fields.rights.names(),
            portal: standing.as_str(),
            agreed: contact.agreed.names(),
            version: contact.version,
        }
    }
}

#[derive(Serialize)]
struct ContactList {
    items: Vec<ContactBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    first_name: Optional<String>,
    last_name: Optional<String>,
    relation: Optional<String>,
    email: Optional<String>,
    phone: Optional<String>,
    emergency: Option<bool>,
    main: Option<bool>,
    /// All of them; what is left out is taken away.
    rights: Option<Vec<String>>,
    /// The version that a change was made from; a stale one is answered 409.
    version: Option<i64>,
}

impl Body {
    /// Lays what was given over what stands.
    /// Errors: a right that there is not.
    fn over(&self, stands: Typed) -> Result<Typed> {
        let rights = match &self.rights {
            None => stands.rights,
            Some(names) => {
                if names.iter().any(|name| Right::parse(name).is_none()) {
                    let known = Right::ALL.map(Right::as_str).join(", ");
                    return Err(Error::Invalid(vec![FieldError::new("rights", format!("Use some of {known}."))]));
                }
                Rights::of(|right| names.iter().any(|name| name == right.as_str()))
            }
        };
        let lay = |given: &Optional<String>, stands: String| match given {
            Optional::Given(value) => value.clone().unwrap_or_default(),
            Optional::Absent => stands,
        };
        Ok(Typed {
            first_name: lay(&self.first_name, stands.first_name),
            last_name: lay(&self.last_name, stands.last_name),
            relation: lay(&self.relation, stands.relation),
            email: lay(&self.email, stands.email),
            phone: lay(&self.phone, stands.phone),
            emergency: self.emergency.unwrap_or(stands.emergency),
            main: self.main.unwrap_or(stands.main),
            rights,
        })
    }
}

fn answered(p: &Practice, saved: Saved, status: StatusCode) -> Result<Answer> {
    match saved {
        Saved::Saved(contact) => Answer::new(status, &ContactBody::new(portal::stand(p, contact)?)),
        Saved::Refused(refused) => Err(Error::Invalid(refused)),
        Saved::Stale(now) => {
            Err(Error::Conflict(format!("The contact was changed in between; it is at version {}.", now.version)))
        }
    }
}

async fn index(ctx: Ctx, Path(id): Path<ClientId>) -> Result<Answer> {
    let found = ctx.door()?.read(move |p| portal::around(p, id)).await?.0;
    note_read(&ctx.app, ctx.actor()?, Entry::of_client("client.read", id).detail("contacts")).await?;
    Answer::new(StatusCode::OK, &ContactList { items: found.into_iter().map(ContactBody::new).collect() })
}

async fn create(ctx: Ctx, Path(id): Path<ClientId>, headers: HeaderMap, body: Json<Body>) -> Result<Answer> {
    let key = idempotency_key(&headers)?;
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            clients::find(p, id)?;
            once(p, key.as_deref(), &body.hash, || {
                answered(p, add(p, id, &body.value.over(Typed::default())?, words)?, StatusCode::CREATED)
            })
        })
        .await
}

async fn update(ctx: Ctx, Path(id): Path<ContactId>, body: Json<Body>) -> Result<Answer> {
    let words = ctx.words();
    ctx.door()?
        .write(move |p| {
            let typed = body.value.over(Typed::of(&find(p, id)?))?;
            answered(p, change(p, id, &typed, body.value.version, words)?, StatusCode::OK)
        })
        .await
}

async fn delete(ctx: Ctx, Path(id): Path<ContactId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            remove(p, id)?;
            Answer::new(StatusCode::OK, &ContactBody::new(portal::stand(p, find(p, id)?)?))
        })
        .await
}

async fn bring_back(ctx: Ctx, Path(id): Path<ContactId>) -> Result<Answer> {
    ctx.door()?
        .write(move |p| {
            restore(p, id)?;
            Answer::new(StatusCode::OK, &ContactBody::new(portal::stand(p, find(p, id)?)?))
        })
        .await
}
