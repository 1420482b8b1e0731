//! An upload: a form in parts with a file in it, read piece by piece. Nothing of it is held whole in memory, nothing is
//! written before its first bytes were looked at, and what is refused leaves nothing behind.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use futures_util::{Stream, StreamExt};
use multer::{Constraints, Field, Multipart, SizeLimit};
use uuid::Uuid;

use super::kinds::LOOKED_AT;
use super::{FileKey, Files, Kind, LIMIT, Writing, names};
use crate::app::Shared;
use crate::error::{Error, FieldError, Result};

/// How long an upload may take: 25 MiB by a slow phone.
pub const PATIENCE: Duration = Duration::from_secs(600);
/// How long its next piece may take.
const NEXT_WITHIN: Duration = Duration::from_secs(30);
/// So much of one that is refused is read to its end: a browser that is not listened to shows an error of its own
/// instead of ours. Past that, it is.
const HEARD_OUT: u64 = 64 * 1024 * 1024;
/// Bytes in memory that are neither of the file nor of a field yet, such as a header without end.
const UNREAD_LIMIT: usize = 512 * 1024;
/// Bytes that are taken in at once.
const PIECE: usize = 64 * 1024;
/// Bytes of a field that is no file.
const TEXT_LIMIT: usize = 32 * 1024;
/// Parts of a form.
const PARTS: usize = 16;
/// Uploads at once, and of one account.
const AT_ONCE: usize = 8;
const AT_ONCE_EACH: usize = 2;

const NOT_WHOLE: &str = "The upload did not arrive whole.";

/// What came with an upload.
#[derive(Debug, Clone)]
pub struct Upload {
    pub texts: BTreeMap<String, String>,
    pub file: Given,
}

impl Upload {
    /// A text field; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }

    /// Removes the file that came, where it is not kept.
    pub async fn discard(&self, app: &Shared) -> Result<()> {
        match &self.file {
            Given::Stored(stored) => app.files.remove(stored.id).await,
            Given::Nothing | Given::Refused(_) => Ok(()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Upload {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Upload> {
        parts.extensions.remove::<Upload>().ok_or_else(|| Error::internal("a route that takes no file"))
    }
}

#[derive(Debug, Clone)]
pub enum Given {
    Nothing,
    Refused(Refused),
    Stored(Stored),
}

/// Why a file was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    TooLarge,
    /// Its ending is not one of ours, or its first bytes are not what the ending says.
    WrongKind,
    /// Its name is none.
    Name,
    Empty,
}

impl Refused {
    pub fn key(self) -> &'static str {
        match self {
            Refused::TooLarge => "file-too-large",
            Refused::WrongKind => "file-wrong-kind",
            Refused::Name => "file-name",
            Refused::Empty => "file-empty",
        }
    }

    /// As an error, with the message in words.
    pub fn error(self, message: String) -> Error {
        let field = FieldError::new("file", message);
        match self {
            Refused::TooLarge => Error::FileTooLarge(field),
            Refused::WrongKind | Refused::Name => Error::FileOfWrongKind(field),
            Refused::Empty => Error::Invalid(vec![field]),
        }
    }
}

/// A file that is whole on the disk, and has no row yet.
#[derive(Clone)]
pub struct Stored {
    pub id: Uuid,
    pub key: FileKey,
    pub name: String,
    pub kind: &'static Kind,
    pub size: u64,
    /// SHA-256 of its bytes.
    pub digest: Vec<u8>,
}

impl std::fmt::Debug for Stored {
    /// Without the key and the name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stored {{ {}, {} bytes }}", self.id, self.size)
    }
}

/// Uploads under way, by whose they are.
#[derive(Default)]
pub struct Turns {
    under_way: Mutex<HashMap<Uuid, usize>>,
}

/// Somebody's turn; it ends when it is dropped.
pub struct Turn {
    app: Shared,
    whose: Uuid,
}

impl Turn {
    /// Errors: there are as many uploads as there may be.
    pub fn take(app: &Shared, whose: Uuid) -> Result<Turn> {
        let mut all = app.files.turns.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = all.get(&whose).copied().unwrap_or(0);
        if mine >= AT_ONCE_EACH || all.values().sum::<usize>() >= AT_ONCE {
            return Err(Error::TooMany { retry_after: 10 });
        }
        all.insert(whose, mine + 1);
        Ok(Turn { app: app.clone(), whose })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut all = self.app.files.turns.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get(&self.whose).copied() {
            Some(n) if n > 1 => all.insert(self.whose, n - 1),
            _ => all.remove(&self.whose),
        };
    }
}

/// The body of a request, one piece at a time: the reader of parts would otherwise take in whatever is there.
struct Paced {
    body: BodyDataStream,
    /// What is left of a piece that came large.
    rest: Bytes,
    pause: bool,
    /// Bytes that were given and have come out nowhere yet.
    unread: Arc<AtomicUsize>,
}

impl Stream for Paced {
    type Item = std::io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.pause) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            match std::task::ready!(self.body.poll_next_unpin(cx)) {
                Some(Ok(whole)) => self.rest = whole,
                Some(Err(error)) => return Poll::Ready(Some(Err(std::io::Error::other(error)))),
                None => return Poll::Ready(None),
            }
        }
        self.pause = true;
        let size = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(size);
        if self.unread.fetch_add(piece.len(), Ordering::Relaxed) > UNREAD_LIMIT {
            return Poll::Ready(Some(Err(std::io::Error::other("more than the parts of a form may hold"))));
        }
        Poll::Ready(Some(Ok(piece)))
    }
}

/// Reads an upload; a file in it is stored under a new id. Errors: it is no such form, or did not arrive whole.
pub async fn take(app: &Shared, whose: Uuid, parts: &Parts, body: Body) -> Result<Upload> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| Error::WrongKind { takes: "multipart/form-data" })?;
    if length(&parts.headers).is_some_and(|length| length > HEARD_OUT) {
        return Ok(Upload { texts: BTreeMap::new(), file: Given::Refused(Refused::TooLarge) });
    }
    let _turn = Turn::take(app, whose)?;
    let unread = Arc::new(AtomicUsize::new(0));
    let from = Paced { body: body.into_data_stream(), rest: Bytes::new(), pause: false, unread: unread.clone() };
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(HEARD_OUT));
    let mut reader =
        Reader { app, unread, from: Multipart::with_constraints(from, boundary, limits), file: Given::Nothing };
    let texts = tokio::time::timeout(PATIENCE, reader.read()).await.unwrap_or_else(|_| Err(not_whole()));
    match (texts, reader.file) {
        (Ok(texts), file) => Ok(Upload { texts, file }),
        (Err(error), Given::Stored(stored)) => {
            app.files.remove(stored.id).await?;
            Err(error)
        }
        // What was more than is heard out is too large, whatever else it was.
        (Err(_), file @ Given::Refused(Refused::TooLarge)) => Ok(Upload { texts: BTreeMap::new(), file }),
        (Err(error), _) => Err(error),
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn not_whole() -> Error {
    Error::bad_request(NOT_WHOLE)
}

struct Reader<'r> {
    app: &'r Shared,
    unread: Arc<AtomicUsize>,
    from: Multipart<'r>,
    file: Given,
}

impl Reader<'_> {
    async fn read(&mut self) -> Result<BTreeMap<String, String>> {
        let mut texts = BTreeMap::new();
        for _ in 0..PARTS {
            let next = tokio::time::timeout(NEXT_WITHIN, self.from.next_field()).await.map_err(|_| not_whole())?;
            let next = next.map_err(|e| self.broken(&e))?;
            self.unread.store(0, Ordering::Relaxed);
            let Some(field) = next else { return Ok(texts) };
            let name = field.name().unwrap_or_default().to_string();
            if name != "file" {
                texts.insert(name, self.text(field).await?);
            } else if matches!(self.file, Given::Nothing) {
                self.file(field).await?;
            } else {
                return Err(Error::bad_request("One file at a time."));
            }
        }
        Err(Error::bad_request("The form has too many fields."))
    }

    fn broken(&mut self, error: &multer::Error) -> Error {
        if matches!(error, multer::Error::StreamSizeExceeded { .. }) && !matches!(self.file, Given::Stored(_)) {
            self.file = Given::Refused(Refused::TooLarge);
        }
        not_whole()
    }

    async fn piece(&mut self, field: &mut Field<'_>) -> Result<Option<Bytes>> {
        let next = tokio::time::timeout(NEXT_WITHIN, field.chunk()).await.map_err(|_| not_whole())?;
        self.unread.store(0, Ordering::Relaxed);
        next.map_err(|e| self.broken(&e))
    }

    async fn text(&mut self, mut field: Field<'_>) -> Result<String> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece(&mut field).await? {
            if bytes.len() + piece.len() > TEXT_LIMIT {
                return Err(Error::bad_request("A field of the form is too long."));
            }
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8(bytes).map_err(|_| Error::bad_request("The form could not be read."))
    }

    async fn file(&mut self, mut field: Field<'_>) -> Result<()> {
        let raw = field.file_name().unwrap_or_default().to_string();
        let mut first = Vec::new();
        while first.len() < LOOKED_AT {
            match self.piece(&mut field).await? {
                Some(piece) => first.extend_from_slice(&piece),
                None => break,
            }
        }
        if raw.is_empty() && first.is_empty() {
            return Ok(());
        }
        let (name, kind) = match looked_at(&raw, &first) {
            Ok(found) => found,
            Err(refused) => return self.refuse(refused, field).await,
        };
        let app = self.app;
        let mut writing = app.files.begin(app.ids.new_id()).await?;
        match self.write(&mut writing, &first, &mut field).await {
            Ok(true) => {}
            Ok(false) => {
                writing.give_up().await?;
                return self.refuse(Refused::TooLarge, field).await;
            }
            Err(error) => {
                writing.give_up().await?;
                return Err(error);
            }
        }
        self.file = Given::Stored(stored(&app.files, writing, name, kind).await?);
        Ok(())
    }

    /// Writes all of a file. `false`: it is larger than a file may be.
    async fn write(&mut self, to: &mut Writing, first: &[u8], field: &mut Field<'_>) -> Result<bool> {
        // A first piece may be as large as the network hands it over.
        if first.len() as u64 > LIMIT {
            return Ok(false);
        }
        to.push(first).await?;
        while let Some(piece) = self.piece(field).await? {
            if to.size + piece.len() as u64 > LIMIT {
                return Ok(false);
            }
            to.push(&piece).await?;
        }
        Ok(true)
    }

    /// Refuses a file, and hears the rest of it out.
    async fn refuse(&mut self, refused: Refused, mut field: Field<'_>) -> Result<()> {
        self.file = Given::Refused(refused);
        while self.piece(&mut field).await?.is_some() {}
        Ok(())
    }
}

async fn stored(files: &Files, writing: Writing, name: String, kind: &'static Kind) -> Result<Stored> {
    let id = writing.id;
    let (key, size, digest) = writing.finish(files).await?;
    Ok(Stored { id, key, name, kind, size, digest })
}

/// The name and the kind of a file, from what it is called and how it begins.
fn looked_at(raw: &str, first: &[u8]) -> std::result::Result<(String, &'static Kind), Refused> {
    let name = names::uploaded(raw).ok_or(Refused::Name)?;
    let kind = Kind::of_name(&name).ok_or(Refused::WrongKind)?;
    match first {
        [] => Err(Refused::Empty),
        _ if kind.fits(first) => Ok((name, kind)),
        _ => Err(Refused::WrongKind),
    }
}
