//! What every answer gets on its way out: errors as a page or as JSON, security headers, one line in the log.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::file::file_headers;
use super::{html, problem};
use crate::app::Shared;
use crate::db::DbError;
use crate::error::Error;
use crate::files::PATIENCE;
use crate::ids::ClientId;
use crate::ui::{ErrorPage, Section, Shell};
use crate::words::Words;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    style-src-attr 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'self'; font-src 'self'; \
    manifest-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'";
/// What no page of ours uses, and so nothing that gets into one may use either. Only what browsers know by name: they
/// complain of others in the console. Passkeys and the clipboard stay as they are by default, for this origin alone.
const PERMISSIONS_POLICY: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), \
    geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), \
    xr-spatial-tracking=()";
/// A year, and hosts below this one too: a page there that came by http could set cookies for us.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=31536000; includeSubDomains";

/// What the outermost layer knows.
#[derive(Clone)]
pub struct Finish {
    pub app: Shared,
    /// The routes that take a file, which may be long in coming.
    pub uploads: Arc<[&'static str]>,
}

/// The outermost layer around the routes.
pub async fn finish(State(Finish { app, uploads }): State<Finish>, request: Request, next: Next) -> Response {
    let started = crate::clock::stopwatch();
    let method = request.method().clone();
    // The pattern, never the address itself: an address may end in a token or hold a search.
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "-".to_string(), |p| p.as_str().to_string());
    let path = request.uri().path();
    let for_programs = path.starts_with("/api/") || matches!(path, "/healthz" | "/readyz" | "/metrics");
    let wants_json = for_programs || request.headers().contains_key("hx-request") && method != "GET";
    let is_asset = path.starts_with("/assets/");
    let asked = Asked::of(&request);
    let reference = app.ids.new_id().simple().to_string();
    let long = method == "POST" && uploads.contains(&route.as_str());
    let patience = app.config.answers_within + if long { PATIENCE } else { Duration::ZERO };
    let answer = tokio::time::timeout(patience, next.run(request)).await;
    let mut response =
        answer.unwrap_or_else(|_| Error::Db(DbError::Unavailable("no answer in time".into())).into_response());
    app.metrics.requests.inc();
    let status = response.status();
    if status.is_server_error() {
        app.metrics.server_errors.inc();
    }
    if let Some(error) = response.extensions_mut().remove::<Error>() {
        match status {
            StatusCode::INTERNAL_SERVER_ERROR => tracing::error!(reference, %error, "internal error"),
            status if status.is_server_error() => tracing::warn!(reference, %error, "unavailable"),
            _ => {}
        }
        response = match error {
            Error::OutsideTeam(client) if !wants_json => asked.lead_to_reason(client),
            Error::Merged(client) if !wants_json => asked.lead_to(format!("/clients/{client}")),
            error => present(&error, &reference, wants_json),
        };
    } else if status.is_client_error() && !response.headers().contains_key(header::CONTENT_TYPE) {
        // A bare status from the router or a layer: 404, 405, 413.
        let error = if status == StatusCode::NOT_FOUND { Error::NotFound } else { Error::bad_request("") };
        let allow = response.headers().get(header::ALLOW).cloned();
        response = present_as(status, &error, &reference, wants_json);
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    security_headers(&mut response, is_asset && status.is_success());
    // A browser that has been here once never again asks over http, where anybody on the way could answer.
    if app.config.is_https() {
        let always = HeaderValue::from_static(STRICT_TRANSPORT_SECURITY);
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, always);
    }
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%method, route, status = response.status().as_u16(), ms, reference, "request");
    response
}

/// The headers of every answer.
fn security_headers(response: &mut Response, cacheable: bool) {
    let fixed = [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", PERMISSIONS_POLICY),
        ("x-frame-options", "DENY"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let is_file = file_headers(response);
    let headers = response.headers_mut();
    // An answer to an address that holds a token has said "no-referrer" already.
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    if !cacheable && !is_file {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Where somebody wanted to go, if they can be sent there again.
struct Asked {
    next: Option<String>,
    is_fragment: bool,
}

impl Asked {
    fn of(request: &Request) -> Asked {
        let is_get = request.method() == "GET";
        let is_fragment = request.headers().contains_key("hx-request");
        let next = request.uri().path_and_query().map(|whole| whole.as_str().to_string());
        // A part of a page is no place to go to.
        Asked { next: next.filter(|_| is_get && !is_fragment), is_fragment }
    }

    /// To the page that asks why they open the record, and from there on to where they wanted to go.
    fn lead_to_reason(&self, client: ClientId) -> Response {
        let next = self.next.clone().unwrap_or_else(|| format!("/clients/{client}"));
        let next = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
        let to = format!("/clients/{client}/open?{next}");
        self.lead_to(to)
    }

    fn lead_to(&self, to: String) -> Response {
        if self.is_fragment {
            return (StatusCode::NO_CONTENT, [("HX-Redirect", to)]).into_response();
        }
        (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
    }
}

fn present(error: &Error, reference: &str, wants_json: bool) -> Response {
    present_as(error.status(), error, reference, wants_json)
}

fn present_as(status: StatusCode, error: &Error, reference: &str, wants_json: bool) -> Response {
    let shown_reference = if status.is_server_error() { reference } else { "" };
    let mut response = if wants_json {
        problem(status, error, Some(shown_reference.to_string()).filter(|r| !r.is_empty()))
    } else {
        page(status, error, shown_reference)
    };
    let wait = match error {
        Error::TooMany { retry_after } => Some(*retry_after),
        Error::Db(DbError::Busy | DbError::Unavailable(_)) => Some(5),
        _ => None,
    };
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn page(status: StatusCode, error: &Error, reference: &str) -> Response {
    let words = Words::of("en");
    let key = match status {
        StatusCode::NOT_FOUND => "error-not-found",
        StatusCode::FORBIDDEN => "error-forbidden",
        StatusCode::TOO_MANY_REQUESTS => "error-too-many",
        StatusCode::SERVICE_UNAVAILABLE => "error-unavailable",
        StatusCode::CONFLICT => "error-conflict",
        StatusCode::PAYLOAD_TOO_LARGE => "error-too-large",
        s if s.is_client_error() => "error-bad-request",
        _ => "error-internal",
    };
    let shell = Shell {
        title: words.t(&format!("{key}-title")),
        lang: words.lang().to_string(),
        dir: words.dir(),
        practice: String::new(),
        person: String::new(),
        email: String::new(),
        section: Section::None,
        stand: String::new(),
        can_switch: false,
        idle_seconds: None,
        sees_documents: false,
        sees_forms: false,
        chat: "",
        toast: None,
        words,
    };
    let text = match error {
        Error::BadRequest(text) | Error::Conflict(text) if !text.is_empty() => text.clone(),
        _ => words.t(key),
    };
    let page = ErrorPage { shell, text, reference: reference.to_string() };
    html(status, &page).unwrap_or_else(|_| status.into_response())
}
