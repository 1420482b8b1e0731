//! Where forms are filled in: in the Client Portal, or on a device that was handed over at the desk. The pages are the
//! same; what differs is their address, and that the desk shows nothing that was handed in.

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

    /// The list of all forms.
    pub fn list(self) -> &'static str {
        match self {
            Place::Portal => "/portal/forms",
            Place::Desk => "/hand-over",
        }
    }

    /// One form, and what belongs to it.
    pub fn form(self, id: ClientFormId) -> String {
        match self {
            Place::Portal => format!("/portal/forms/{id}"),
            Place::Desk => format!("/hand-over/forms/{id}"),
        }
    }

    pub fn section(self) -> Section {
        match self {
            Place::Portal => Section::Forms,
            Place::Desk => Section::HandOver,
        }
    }
}

/// Notes that somebody has read a form with its answers.
pub async fn note_form(ctx: &Ctx, client: ClientId, id: ClientFormId) -> Result<()> {
    let entry = Entry::new("form.read", "client_form", Some(id.0)).client(client);
    note_read(&ctx.app, ctx.actor()?, entry).await
}
