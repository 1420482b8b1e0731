//! Every feature's routes. A route is registered together with who may call it: `Routes` has no other way to add one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, RawPathParams, Request, State};
use axum::handler::Handler;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, on};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};
use tower_http::csrf::CsrfLayer;

use crate::access::{ANY_STAFF, Access, Actor, Who};
use crate::accounts::PlaceKind;
use crate::app::Shared;
use crate::error::{Error, Result};
use crate::files;
use crate::ui::{NotYoursPage, Section};
use crate::web::{
    BODY_LIMIT, Cookie, Ctx, Finish, Identity, arrived, cookie_value, finish, html, is_no_file, lead_to, taken,
};

/// Whether a request says that somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// A person did something: the idle time starts anew.
    Counts,
    /// A poll: it must not keep a session alive.
    Quiet,
}

/// What a route takes as its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A form or JSON, read whole before anybody asks who is there.
    Text,
    /// A form in parts with a file: read by whoever was let in, who is asked again when it is whole.
    File,
}

/// One registered route, for the tests that walk all of them.
#[derive(Debug, Clone)]
pub struct RouteInfo {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    pub takes: Takes,
}

/// Routes and who may call them.
pub struct Routes {
    app: Shared,
    router: Router<Shared>,
    list: Vec<RouteInfo>,
}

impl Routes {
    fn new(app: &Shared) -> Routes {
        Routes { app: app.clone(), router: Router::new(), list: Vec::new() }
    }

    pub fn get<H, T>(self, path: &'static str, access: Access, handler: H) -> Routes
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.add(Method::GET, path, access, Presence::Counts, handler)
    }

    pub fn post<H, T>(self, path: &'static str, access: Access, handler: H) -> Routes
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.add(Method::POST, path, access, Presence::Counts, handler)
    }

    pub fn patch<H, T>(self, path: &'static str, access: Access, handler: H) -> Routes
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.add(Method::PATCH, path, access, Presence::Counts, handler)
    }

    pub fn delete<H, T>(self, path: &'static str, access: Access, handler: H) -> Routes
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.add(Method::DELETE, path, access, Presence::Counts, handler)
    }

    /// A POST with a file in it. The handler gets a `files::Upload`.
    pub fn upload<H, T>(self, path: &'static str, access: Access, handler: H) -> Routes
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.register(Method::POST, path, access, Presence::Counts, Takes::File, handler)
    }

    /// A GET that a page repeats by itself.
    pub fn poll<H, T>(self, path: &'static str, access: Access, handler: H) -> Routes
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.add(Method::GET, path, access, Presence::Quiet, handler)
    }

    fn add<H, T>(self, method: Method, path: &'static str, access: Access, presence: Presence, handler: H) -> Routes
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.register(method, path, access, presence, Takes::Text, handler)
    }

    fn register<H, T>(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        presence: Presence,
        takes: Takes,
        handler: H,
    ) -> Routes
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        let filter = match method {
            Method::GET => axum::routing::MethodFilter::GET,
            Method::PATCH => axum::routing::MethodFilter::PATCH,
            Method::DELETE => axum::routing::MethodFilter::DELETE,
            _ => axum::routing::MethodFilter::POST,
        };
        let state = Guard { app: self.app.clone(), access, presence, takes };
        let route: MethodRouter<Shared> = on(filter, handler).layer(middleware::from_fn_with_state(state, guard));
        self.router = self.router.route(path, route);
        self.list.push(RouteInfo { method, path, access, takes });
        self
    }
}

fn all(app: &Shared) -> Routes {
    let routes = Routes::new(app);
    let routes = crate::public::routes(routes);
    let routes = crate::accounts::routes(routes);
    let routes = crate::practices::routes(routes);
    let routes = crate::home::routes(routes);
    let routes = crate::invitations::routes(routes);
    let routes = crate::bulk::routes(routes);
    let routes = crate::clients::routes(routes);
    let routes = crate::timeline::routes(routes);
    let routes = crate::contacts::routes(routes);
    let routes = crate::break_glass::routes(routes);
    let routes = crate::merging::routes(routes);
    let routes = crate::whole_record::routes(routes);
    let routes = crate::documents::routes(routes);
    let routes = crate::forms::routes(routes);
    let routes = crate::flows::routes(routes);
    let routes = crate::chat::routes(routes);
    let routes = crate::desk::routes(routes);
    let routes = crate::intake::routes(routes);
    let routes = crate::newsfeed::routes(routes);
    let routes = crate::members::routes(routes);
    let routes = crate::security::routes(routes);
    let routes = crate::invite_links::routes(routes);
    let routes = crate::groups::routes(routes);
    let routes = crate::group_settings::routes(routes);
    let routes = crate::settings::routes(routes);
    crate::portal::routes(routes)
}

/// Every registered route.
pub fn list(app: &Shared) -> Vec<RouteInfo> {
    all(app).list
}

/// The whole program as one service.
pub fn router(app: Shared) -> Router {
    // Forms from other sites are refused by what browsers say of themselves; our own address counts whatever proxies do
    // to the Host header.
    let csrf = CsrfLayer::new().add_trusted_origin(app.config.public_url.as_str());
    let csrf = csrf.unwrap_or_else(|_| CsrfLayer::new());
    let Routes { router, list, .. } = all(&app);
    let uploads = list.iter().filter(|route| route.takes == Takes::File).map(|route| route.path).collect();
    let end = Finish { app: app.clone(), uploads };
    router
        .fallback(|| async { Error::NotFound })
        .layer(CatchPanicLayer::custom(|_| Error::internal("a handler panicked").into_response()))
        .layer(csrf)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(end, finish))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(is_no_file)))
        .with_state(app)
}

#[derive(Clone)]
struct Guard {
    app: Shared,
    access: Access,
    presence: Presence,
    takes: Takes,
}

/// Finds out who asks and lets them in or not; no handler runs before.
async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if guard.takes == Takes::File {
        return guard_upload(&guard, request, next).await;
    }
    let (parts, whole) = arrived(request).await;
    match admit(&guard, &parts).await {
        Ok(Admission::In(ctx)) => match held_back(&ctx, &parts).await {
            Ok(None) => match taken(parts, whole) {
                Ok(request) => run(&guard, ctx, request, next).await,
                Err(error) => error.into_response(),
            },
            Ok(Some(led)) => led,
            Err(error) => error.into_response(),
        },
        other => turned_away(other, parts, whole.unwrap_or_default()).await,
    }
}

/// A file is not read for just anybody, and not whole before somebody is asked: whoever may is asked first, and again
/// when it has arrived.
async fn guard_upload(guard: &Guard, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    // Nothing is read for an address that names nothing.
    let named = RawPathParams::from_request_parts(&mut parts, &()).await;
    if !named.is_ok_and(|named| named.iter().all(|(_, id)| uuid::Uuid::try_parse(id).is_ok())) {
        return Error::NotFound.into_response();
    }
    let whose = match admit(guard, &parts).await {
        Ok(Admission::In(ctx)) => ctx.actor().ok().and_then(Actor::id).unwrap_or_default(),
        other => return turned_away_upload(other, parts).await,
    };
    let upload = match files::take(&guard.app, whose, &parts, body).await {
        Ok(upload) => upload,
        Err(error) => return error.into_response(),
    };
    match admit(guard, &parts).await {
        Ok(Admission::In(ctx)) => {
            let mut request = Request::from_parts(parts, Body::empty());
            request.extensions_mut().insert(upload);
            run(guard, ctx, request, next).await
        }
        other => {
            if let Err(error) = upload.discard(&guard.app).await {
                tracing::warn!(%error, "a file that nobody may give waits for the daily look");
            }
            turned_away_upload(other, parts).await
        }
    }
}

/// Pages of the portal that wait until the required forms are done: they lead to the forms. One's profile, security and
/// messages do not.
const HELD_BACK: &[&str] = &["/portal", "/portal/documents"];

async fn held_back(ctx: &Ctx, parts: &Parts) -> Result<Option<Response>> {
    if parts.method != Method::GET && parts.method != Method::HEAD || !HELD_BACK.contains(&parts.uri.path()) {
        return Ok(None);
    }
    let client = ctx.viewer()?.client;
    let gated = ctx.door()?.read(move |p| crate::intake::gate(p, client)).await?;
    Ok(if gated { Some(lead_to(ctx, "/portal/forms")?) } else { None })
}

async fn run(guard: &Guard, ctx: Box<Ctx>, mut request: Request, next: Next) -> Response {
    let had_flash = ctx.flash.is_some();
    request.extensions_mut().insert(*ctx);
    let mut response = next.run(request).await;
    // What has just been done is said once: on the first page that can say it.
    if had_flash && is_page(&response) && Cookie::Flash.clear(&guard.app, &mut response).is_err() {
        tracing::warn!("a flash could not be cleared");
    }
    response
}

/// Whoever signs in comes back to the page with the form: the file is to be chosen again.
async fn turned_away_upload(admission: Result<Admission>, mut parts: Parts) -> Response {
    parts.method = Method::GET;
    turned_away(admission, parts, Bytes::new()).await
}

async fn turned_away(admission: Result<Admission>, parts: Parts, whole: Bytes) -> Response {
    match admission {
        Ok(Admission::In(_)) => Error::internal("turned away and let in").into_response(),
        Ok(Admission::SignIn(ctx)) => {
            let request = Request::from_parts(parts, Body::from(whole));
            crate::accounts::sign_in_page(*ctx, request).await.into_response()
        }
        Ok(Admission::HandedBack(ctx)) => crate::intake::handed_back(&ctx, &parts.headers).into_response(),
        Ok(Admission::NotYours(ctx)) => not_yours(&ctx).into_response(),
        Ok(Admission::Held(ctx)) => held(&ctx).into_response(),
        Err(error) => error.into_response(),
    }
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

enum Admission {
    In(Box<Ctx>),
    SignIn(Box<Ctx>),
    /// A device that was handed over, and is no more.
    HandedBack(Box<Ctx>),
    /// Staff of the practice, whose role does not reach so far. What a practice can do is no secret to its staff: they
    /// are told who can. Records they may not see stay "not found".
    NotYours(Box<Ctx>),
    /// Staff of the practice, which asks their role for a second factor that they have not set up.
    Held(Box<Ctx>),
}

/// A person is led to set it up; a program is told.
fn held(ctx: &Ctx) -> Result<Response> {
    if ctx.address.starts_with("/api/") || matches!(ctx.who, Identity::HeldToken) {
        return Err(Error::SecondFactorNeeded);
    }
    lead_to(ctx, "/two-step/set-up")
}

fn not_yours(ctx: &Ctx) -> Result<Response> {
    if ctx.address.starts_with("/api/") {
        return Err(Error::Forbidden);
    }
    let shell = ctx.shell(ctx.words().t("error-forbidden-title"), Section::None);
    html(StatusCode::FORBIDDEN, &NotYoursPage { text: ctx.words().t("error-forbidden"), shell })
}

async fn admit(guard: &Guard, request: &Parts) -> Result<Admission> {
    let headers = &request.headers;
    let app = &guard.app;
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_canonical();
    // A proxy may add a line of its own below the one that a stranger sent.
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let forwarded = forwarded.collect::<Vec<_>>().join(",");
    // A page may also say of a request that nobody was there; it cannot say the opposite of a poll.
    let quiet = guard.presence == Presence::Quiet || headers.contains_key("ruh-quiet");
    let presence = if quiet { Presence::Quiet } else { Presence::Counts };
    let who = crate::identify::identify(app, headers, presence).await?;
    let ctx = Box::new(Ctx {
        ip: app.config.client_ip(peer, Some(&forwarded)),
        user_agent: header_text(headers, header::USER_AGENT.as_str()).unwrap_or_default().chars().take(300).collect(),
        is_fragment: headers.contains_key("hx-request"),
        address: request.uri.path_and_query().map_or_else(|| "/".to_string(), ToString::to_string),
        flash: cookie_value(app, headers, Cookie::Flash),
        device: cookie_value(app, headers, Cookie::Device),
        link: cookie_value(app, headers, Cookie::Link),
        step: cookie_value(app, headers, Cookie::Step),
        app: app.clone(),
        who,
    });
    let allowed = match guard.access {
        Access::Public => true,
        Access::Local => app.config.is_local() && is_near(headers, peer),
        Access::Metrics => may_read_metrics(app, headers, peer),
        Access::HandOver if matches!(ctx.who, Identity::Nobody) => return Ok(Admission::HandedBack(ctx)),
        Access::Account | Access::Session | Access::Staff(_) | Access::Portal(_) | Access::HandOver => {
            if matches!(ctx.who, Identity::Nobody) {
                return Ok(Admission::SignIn(ctx));
            }
            stands_where(guard.access, &ctx)
        }
    };
    match guard.access {
        _ if allowed => Ok(Admission::In(ctx)),
        Access::Staff(_) if is_held(&ctx) => Ok(Admission::Held(ctx)),
        Access::Staff(_) if stands_where(ANY_STAFF, &ctx) => Ok(Admission::NotYours(ctx)),
        // What somebody may not see does not exist for them.
        _ => Err(Error::NotFound),
    }
}

fn stands_where(access: Access, ctx: &Ctx) -> bool {
    match (access, ctx.actor().map(|actor| &actor.who)) {
        (Access::Session, _) => matches!(ctx.who, Identity::Signed(_)),
        (Access::Account, _) => matches!(&ctx.who, Identity::Signed(signed) if signed.session.passphrase.is_none()),
        (Access::Staff(roles), Ok(Who::Member(member))) => roles.contains(&member.role),
        (Access::HandOver, Ok(Who::HandedOver(_))) => true,
        (Access::Portal(needs), Ok(Who::Client(viewer))) => viewer.may(needs),
        _ => false,
    }
}

fn is_held(ctx: &Ctx) -> bool {
    match &ctx.who {
        Identity::Signed(signed) => signed.held.is_some(),
        Identity::HeldToken => true,
        Identity::Nobody | Identity::Token { .. } | Identity::HandedOver { .. } => false,
    }
}

/// Comes from this machine itself. Behind a proxy on it everybody's peer is loopback: what was forwarded is not near.
fn is_near(headers: &HeaderMap, peer: IpAddr) -> bool {
    peer.is_loopback() && !headers.contains_key("x-forwarded-for") && !headers.contains_key("forwarded")
}

fn may_read_metrics(app: &Shared, headers: &HeaderMap, peer: IpAddr) -> bool {
    let Some(token) = &app.config.metrics_token else {
        return is_near(headers, peer);
    };
    let given = bearer(headers).unwrap_or_default();
    bool::from(subtle::ConstantTimeEq::ct_eq(given.as_bytes(), token.as_bytes()))
}

fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The bearer token of a request.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    header_text(headers, header::AUTHORIZATION.as_str())?.strip_prefix("Bearer ").map(str::trim)
}

/// Where `/` leads.
pub fn home_of(kind: Option<PlaceKind>) -> &'static str {
    kind.map_or("/places", PlaceKind::home)
}

/// 401 for a program.
pub fn unauthorized() -> Response {
    let mut response = crate::web::problem(StatusCode::UNAUTHORIZED, &Error::NotFound, None);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    response
}
