//! Somebody who listens to a stream of events.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use futures_util::StreamExt;
use testkit::{Browser, Json, TestApp};
use tower::ServiceExt;

pub struct Listening {
    body: BodyDataStream,
    text: String,
    events: VecDeque<(String, Json)>,
}

impl Listening {
    pub async fn to(t: &TestApp, browser: &Browser, path: &str) -> Listening {
        Listening::at(t.router(), browser, path, None).await
    }

    /// As a browser comes back after its connection was cut.
    pub async fn resumed(t: &TestApp, browser: &Browser, path: &str, last: i64) -> Listening {
        Listening::at(t.router(), browser, path, Some(last)).await
    }

    /// At any server.
    pub async fn at(router: axum::Router, browser: &Browser, path: &str, last: Option<i64>) -> Listening {
        let mut request = Request::builder().uri(path).header("host", "localhost:8080");
        for (name, value) in &browser.headers {
            request = request.header(name, value);
        }
        let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request = request.header(header::COOKIE, cookies.join("; "));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(browser.address));
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Listening { body: response.into_body().into_data_stream(), text: String::new(), events: VecDeque::new() }
    }

    /// The next event of any kind; nothing: the stream has ended.
    pub async fn next(&mut self) -> Option<(String, Json)> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let piece =
                tokio::time::timeout(Duration::from_secs(10), self.body.next()).await.expect("an event in time")?;
            self.text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
            while let Some((one, rest)) = self.text.split_once("\n\n") {
                let line = |name: &str| {
                    one.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_string()
                };
                let (event, data) = (line("event:"), line("data:"));
                if !event.is_empty() {
                    self.events.push_back((event, serde_json::from_str(&data).unwrap()));
                }
                self.text = rest.to_string();
            }
        }
    }

    /// The next event of a kind, past all others.
    pub async fn event(&mut self, kind: &str) -> Json {
        loop {
            let (event, data) = self.next().await.unwrap_or_else(|| panic!("no {kind} came"));
            if event == kind {
                return data;
            }
        }
    }

    pub async fn message(&mut self) -> Json {
        self.event("message").await
    }

    /// Forgets what has come and was not looked at.
    pub fn drain(&mut self) {
        self.events.clear();
    }

    /// It says so, and ends.
    pub async fn gone(&mut self) {
        self.event("gone").await;
        assert_eq!(self.next().await, None);
    }
}
