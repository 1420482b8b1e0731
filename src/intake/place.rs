//! Where forms are filled in: in the Client Portal, on a device that was handed over at the desk, or by the staff on
//! behalf of a client. The pages are the same; what differs is their address, and that the desk shows nothing that was
//! handed in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::access::{Access, Needs, Right, Who};
use crate::audit::{Entry, note_read};
use crate::error::{Error, Result};
use crate::ids::{ClientFormId, ClientId};
use crate::ui::Section;
use crate::web::Ctx;

/// Who fills in, in the portal.
pub const PORTAL: Access = Access::Portal(Needs::Right(Right::Forms));

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Portal,
    Desk,
    /// On behalf of this client.
    Staff(ClientId),
}

impl Place {
    /// Where the request comes from, and whose forms it reaches.
    pub fn of(ctx: &Ctx) -> Result<(Place, ClientId)> {
        match &ctx.actor()?.who {
            Who::Client(viewer) => Ok((Place::Portal, viewer.client)),
            Who::HandedOver(device) => Ok((Place::Desk, device.client)),
            _ => Err(Error::NotFound),
        }
    }

    /// The same, where a form of this client is filled in: by the staff too, who were let in to the form by its own rule.
    pub fn with(ctx: &Ctx, client: ClientId) -> Result<Place> {
        match ctx.actor()?.member() {
            Some(_) => Ok(Place::Staff(client)),
            None => Place::of(ctx).map(|(place, _)| place),
        }
    }

    /// The list of all forms.
    pub fn list(self) -> String {
        match self {
            Place::Portal => "/portal/forms".into(),
            Place::Desk => "/hand-over".into(),
            Place::Staff(client) => format!("/clients/{client}/forms"),
        }
    }

    /// One form, and what belongs to it.
    pub fn form(self, id: ClientFormId) -> String {
        match self {
            Place::Portal => format!("/portal/forms/{id}"),
            Place::Desk => format!("/hand-over/forms/{id}"),
            Place::Staff(_) => format!("/client-forms/{id}/fill"),
        }
    }

    pub fn section(self) -> Section {
        match self {
            Place::Portal => Section::Forms,
            Place::Desk => Section::HandOver,
            Place::Staff(_) => Section::Clients,
        }
    }
}

/// The key with which the page's script seals what it keeps on the device until it is saved: the same for one person and
/// form, on whatever page, and nothing that the device itself remembers.
pub fn kept_secret(ctx: &Ctx, id: ClientFormId) -> Result<String> {
    let who = ctx.actor()?.id().unwrap_or_default();
    let digest = ctx.app.secrets.digest("kept answers", &[id.0.as_bytes(), who.as_bytes()]);
    Ok(URL_SAFE_NO_PAD.encode(digest))
}

/// Notes that somebody has read a form with its answers.
pub async fn note_form(ctx: &Ctx, client: ClientId, id: ClientFormId) -> Result<()> {
    let entry = Entry::new("form.read", "client_form", Some(id.0)).client(client);
    note_read(&ctx.app, ctx.actor()?, entry).await
}
