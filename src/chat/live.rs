//! What happens, as it happens: one stream a tab, by server-sent events. Its `id` is the count of the conversation that it
//! shows, and a stream that was cut goes on from the last one seen. It asks anew who is there before each thing it gives,
//! and ends with the session, the care team and the practice's word.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use uuid::Uuid;

use super::rights::open;
use super::show::{self, Views};
use super::talk::{self, addressees};
use super::{Conversation, Standing, message_queries as rows, queries};
use crate::access::{ANY_STAFF, Access, Needs, Right, Who};
use crate::bus::{Hint, Listener, Woken};
use crate::error::{Error, Result};
use crate::ids::ConversationId;
use crate::practice::Practice;
use crate::routes::{Presence, Routes};
use crate::web::{Ctx, Identity, Path, Query};

/// How often a stream looks by itself, whatever it was told: what another process forgot to say, an idle session.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// Messages that are given at once.
const SLICE: i64 = 100;
/// Bytes that wait for a slow reader at most, and one message: what comes after them is looked up when they are gone.
const WAITING: usize = 64 * 1024;
/// A stream that cannot be asked about now (the database is away, or has much to do) is asked about again so soon, and
/// each further time after twice as long.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
const AGAIN_AT_MOST: Duration = Duration::from_secs(8);

const PORTAL: Access = Access::Portal(Needs::Right(Right::Messages));

pub fn routes(routes: Routes) -> Routes {
    routes
        .poll("/chat/live", ANY_STAFF, live)
        .poll("/portal/messages/live", PORTAL, live)
        .post("/chat/{id}/typing", ANY_STAFF, typing)
        .post("/portal/messages/{id}/typing", PORTAL, typing)
        .poll("/api/v1/conversations/{id}/events", ANY_STAFF, events)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    conversation: String,
    after: Option<i64>,
}

/// How a stream tells of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Page,
    Program,
}

async fn live(ctx: Ctx, headers: HeaderMap, Query(asked): Query<Asked>) -> Result<Response> {
    let conversation = match asked.conversation.as_str() {
        "" => None,
        text => Some(text.parse::<ConversationId>().map_err(|_| Error::NotFound)?),
    };
    begin(ctx, headers, conversation, asked.after, Shape::Page).await
}

async fn events(
    ctx: Ctx,
    headers: HeaderMap,
    Path(id): Path<ConversationId>,
    Query(asked): Query<Asked>,
) -> Result<Response> {
    begin(ctx, headers, Some(id), asked.after, Shape::Program).await
}

async fn begin(
    ctx: Ctx,
    headers: HeaderMap,
    conversation: Option<ConversationId>,
    after: Option<i64>,
    shape: Shape,
) -> Result<Response> {
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let (news, mut stands) = ids(&ctx)?;
    let mut last = 0;
    if let Some(id) = conversation {
        let door = ctx.door()?;
        let found = door.read(move |p| {
            let conversation = open(p, id)?.0;
            Ok((conversation.last, super::receive::clients(p, &conversation)?))
        });
        let (count, clients) = found.await?;
        last = count;
        // What becomes of a client says who may write there.
        stands.extend(clients.into_iter().map(|client| client.0));
    }
    let after = seen.or(after).unwrap_or(last);
    let who = ctx.actor()?.id().ok_or(Error::NotFound)?;
    let stream = Stream {
        listener: ctx.app.bus.listen(who, &news, &stands).ok_or(Error::TooMany { retry_after: 30 })?,
        headers: credentials(&headers),
        ctx,
        conversation,
        after,
        shape,
        unseen: None,
        receipts: None,
        got: None,
        waiting: VecDeque::new(),
        ended: false,
        first: true,
        failed: 0,
    };
    let events = stream::unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<Event, Infallible>(event), stream))
    });
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(LOOK_EVERY)).into_response();
    // A proxy that gathers an answer before it hands it on would hold every message back.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}

/// What says who somebody is, and nothing else of a request: it is kept as long as the stream.
fn credentials(headers: &HeaderMap) -> HeaderMap {
    let names = [axum::http::header::COOKIE, axum::http::header::AUTHORIZATION];
    headers.iter().filter(|(name, _)| names.contains(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What the news are heard by, and what one stands on.
fn ids(ctx: &Ctx) -> Result<(Vec<Uuid>, Vec<Uuid>)> {
    let actor = ctx.actor()?;
    let mut stands = vec![actor.practice.0];
    if let Identity::Signed(signed) = &ctx.who {
        stands.extend([signed.session.id, signed.session.account.0]);
    }
    stands.extend(actor.id());
    let news = match &actor.who {
        Who::Member(member) => vec![member.id.0, actor.practice.0],
        Who::Client(viewer) => {
            stands.push(viewer.client.0);
            vec![viewer.client.0]
        }
        Who::HandedOver(_) | Who::LinkHolder | Who::System => return Err(Error::NotFound),
    };
    Ok((news, stands))
}

struct Stream {
    listener: Listener,
    headers: HeaderMap,
    ctx: Ctx,
    conversation: Option<ConversationId>,
    /// The count up to which everything was given.
    after: i64,
    shape: Shape,
    unseen: Option<i64>,
    receipts: Option<String>,
    /// What was given last and is not noted yet.
    got: Option<i64>,
    waiting: VecDeque<Event>,
    ended: bool,
    first: bool,
    /// How often in a row it could not look.
    failed: u32,
}

impl Stream {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            self.note_got().await;
            let woken = if std::mem::take(&mut self.first) {
                Woken { news: true, ..Woken::default() }
            } else {
                tokio::select! {
                    woken = self.listener.woken() => woken,
                    () = tokio::time::sleep(self.pause()) => Woken::default(),
                }
            };
            self.look(woken).await;
            self.ended |= self.ctx.app.bus.is_stopped();
        }
    }

    /// How long nothing is asked for if nobody says that there is something: not for all at the same moment.
    fn pause(&self) -> Duration {
        let own = Duration::from_millis(self.listener.number() % 1_000);
        match self.failed {
            0 => LOOK_EVERY - own,
            times => (AGAIN_AFTER * 2_u32.pow(times.min(5) - 1)).min(AGAIN_AT_MOST) + own,
        }
    }

    /// Asks who is there now, and gathers what is new to them.
    async fn look(&mut self, woken: Woken) {
        let (app, mut woken) = (self.ctx.app.clone(), woken);
        let mut turn = None;
        // Whoever is told of something meanwhile waits no longer.
        while turn.is_none() && (self.failed > 0 || !woken.is_told()) && !app.bus.is_stopped() {
            tokio::select! {
                given = app.bus.turn() => turn = given,
                more = self.listener.woken() => {
                    let is_told = more.is_told();
                    woken.add(more);
                    if is_told {
                        break;
                    }
                }
            }
        }
        if app.bus.is_stopped() {
            return;
        }
        let looked = self.gather(&woken.typing).await;
        drop(turn);
        match looked {
            Ok(()) => self.failed = 0,
            Err(Error::Db(_)) => self.failed += 1,
            // The session has ended, or what it showed is no longer theirs.
            Err(_) => {
                self.waiting.push_back(Event::default().event("gone").data("{}"));
                self.ended = true;
            }
        }
    }

    async fn gather(&mut self, typing: &[(Uuid, Uuid)]) -> Result<()> {
        let who = crate::identify::identify(&self.ctx.app, &self.headers, Presence::Quiet).await?;
        let was = self.ctx.actor()?.id();
        self.ctx.who = who;
        let actor = self.ctx.actor()?;
        let may = match &actor.who {
            Who::Member(_) => true,
            Who::Client(viewer) => viewer.rights.has(Right::Messages),
            Who::HandedOver(_) | Who::LinkHolder | Who::System => false,
        };
        if !may || actor.id() != was {
            return Err(Error::NotFound);
        }
        let (id, after) = (self.conversation, self.after);
        let found = self.ctx.door()?.read(move |p| news(p, id, after)).await?;
        if self.unseen != Some(found.unseen) {
            self.unseen = Some(found.unseen);
            self.say("unseen", &serde_json::json!({"unseen": found.unseen}), None);
        }
        let Some(shown) = found.shown else { return Ok(()) };
        self.tell(&shown).await?;
        self.tell_typing(&shown.conversation, typing)
    }

    async fn tell(&mut self, shown: &Shown) -> Result<()> {
        if !shown.messages.is_empty() {
            super::receive::noted(&self.ctx, shown.clients.clone()).await?;
        }
        let views = Views::of(&self.ctx)?;
        let (mut bytes, mut given) = (0, None);
        for message in &shown.messages {
            if bytes > WAITING {
                self.first = true;
                break;
            }
            let data = match self.shape {
                Shape::Page => serde_json::json!({
                    "id": message.id, "given": message.given, "seq": message.seq,
                    "mine": views.is_mine(message), "name": message.sender.name,
                    "html": views.message(message)?,
                }),
                Shape::Program => serde_json::to_value(super::api_body::MessageBody::new(message))
                    .map_err(|e| Error::internal(e.to_string()))?,
            };
            bytes += self.say("message", &data, Some(message.changed));
            given = given.max(Some(message.seq));
            self.after = self.after.max(message.changed);
        }
        // There may be more than was given at once.
        self.first |= i64::try_from(shown.messages.len()).unwrap_or(0) >= SLICE;
        let receipts = show::receipts(&shown.readers, &views, &shown.conversation, shown.standing, &shown.names);
        let text = receipts.to_string();
        if self.receipts.as_ref() != Some(&text) {
            self.receipts = Some(text);
            self.say("receipts", &receipts, None);
        }
        self.got = given;
        Ok(())
    }

    /// Notes that what was given has arrived; nothing waits for that.
    async fn note_got(&mut self) {
        let (Some(id), Some(newest)) = (self.conversation, self.got.take()) else { return };
        let Ok(door) = self.ctx.door() else { return };
        if let Err(error) = door.write(move |p| talk::got(p, id, newest)).await {
            tracing::warn!(%error, "that a message arrived could not be noted");
        }
    }

    fn tell_typing(&mut self, conversation: &Conversation, typing: &[(Uuid, Uuid)]) -> Result<()> {
        let me = self.ctx.actor()?.id();
        for (_, who) in typing.iter().filter(|(at, who)| *at == conversation.id.0 && Some(*who) != me) {
            let data = serde_json::json!({"who": who});
            self.say("typing", &data, None);
        }
        Ok(())
    }

    /// How many bytes wait more than before.
    fn say(&mut self, event: &str, data: &serde_json::Value, id: Option<i64>) -> usize {
        let text = data.to_string();
        let one = Event::default().event(event).data(&text);
        self.waiting.push_back(match id {
            Some(id) => one.id(id.to_string()),
            None => one,
        });
        text.len()
    }
}

struct Found {
    unseen: i64,
    shown: Option<Shown>,
}

struct Shown {
    conversation: Conversation,
    standing: Standing,
    clients: Vec<crate::ids::ClientId>,
    messages: Vec<super::Message>,
    readers: Vec<queries::Reader>,
    names: Vec<String>,
}

fn news(p: &Practice, id: Option<ConversationId>, after: i64) -> Result<Found> {
    let shown = match id {
        None => None,
        Some(id) => {
            let (conversation, standing) = open(p, id)?;
            Some(Shown {
                standing,
                clients: super::receive::clients(p, &conversation)?,
                names: super::thread::names(p, &conversation)?,
                messages: if conversation.last > after { rows::changed(p, id, after, SLICE)? } else { Vec::new() },
                readers: queries::readers(p, id)?,
                conversation,
            })
        }
    };
    Ok(Found { unseen: talk::unseen(p)?, shown })
}

/// Says that somebody types; kept nowhere.
async fn typing(ctx: Ctx, Path(id): Path<ConversationId>) -> Result<Response> {
    let to = ctx
        .door()?
        .read(move |p| {
            let conversation = super::rights::open_to_write(p, id)?;
            addressees(p, &conversation)
        })
        .await?;
    let who = ctx.actor()?.id().ok_or(Error::NotFound)?;
    ctx.app.bus.publish(Hint::Typing { to, conversation: id.0, who });
    Ok(axum::http::StatusCode::NO_CONTENT.into_response())
}
