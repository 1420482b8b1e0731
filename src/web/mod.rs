//! Between HTTP and the slices: what a request says, how an answer leaves. Nothing here knows what the product is for.

mod bodies;
mod cookies;
mod ctx;
mod file;
mod finish;
mod forms;
mod idempotency;
mod json;

pub use bodies::{BODY_LIMIT, arrived, taken};
pub use cookies::{Cookie, cookie_value};
pub use ctx::{Ctx, Identity, PracticeInfo, SignedIn};
pub use file::{file, is_no_file};
pub use finish::{Finish, finish};
pub use forms::{Form, Path, Query, safe_next};
pub use idempotency::{Answer, key as idempotency_key, once, purge as purge_keys, was_done};
pub use json::{Json, Optional, problem};

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::error::{Error, Result};

/// An HTML answer.
pub fn html<T: Template>(status: StatusCode, page: &T) -> Result<Response> {
    let text = page.render()?;
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    Ok((status, [(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Leads on to an address of ours after a POST; for a request from script, in the header that it follows.
pub fn lead_to(ctx: &Ctx, path: &str) -> Result<Response> {
    let to = HeaderValue::from_str(path).map_err(|e| Error::internal(e.to_string()))?;
    if ctx.is_fragment {
        return Ok((StatusCode::NO_CONTENT, [("HX-Redirect", to)]).into_response());
    }
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}
