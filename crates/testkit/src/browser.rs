//! Somebody with a browser: keeps cookies, sends forms as browsers do, follows nothing by itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

pub struct Browser {
    router: axum::Router,
    pub cookies: BTreeMap<String, String>,
    pub headers: Vec<(String, String)>,
    pub address: SocketAddr,
}

/// The kind of a form in parts, as `in_parts` makes it.
pub const PARTS: &str = "multipart/form-data; boundary=between-the-parts";

/// A form in parts, with a file called so in it.
pub fn in_parts(fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--between-the-parts\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    if let Some((name, bytes)) = file {
        let head = format!(
            "--between-the-parts\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             content-type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend_from_slice(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--between-the-parts--\r\n");
    body
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.text))
    }
}

impl Browser {
    /// A browser at any service, not only a whole program.
    pub fn new(router: axum::Router) -> Browser {
        Browser { router, cookies: BTreeMap::new(), headers: Vec::new(), address: ([127, 0, 0, 1], 50_000).into() }
    }

    /// Sends an API token with everything.
    pub fn bearer(self, token: &str) -> Browser {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Sends a header with everything.
    pub fn with(mut self, name: &str, value: &str) -> Browser {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Comes from another network address.
    pub fn from(mut self, ip: [u8; 4]) -> Browser {
        self.address = (ip, 50_000).into();
        self
    }

    /// The same browser, as a second window that shares nothing from here on.
    pub fn copy(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            cookies: self.cookies.clone(),
            headers: self.headers.clone(),
            address: self.address,
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.request("GET", path, &[], Body::empty()).await
    }

    pub async fn head(&mut self, path: &str) -> Answer {
        self.request("HEAD", path, &[], Body::empty()).await
    }

    /// Sends a form.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).expect("a form");
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.request("POST", path, &[kind], Body::from(body)).await
    }

    /// A form whose body arrives late: `meanwhile` happens when the request was let in and is about to be read.
    pub async fn post_late(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        mut meanwhile: impl FnMut() + Send + 'static,
    ) -> Answer {
        let body = serde_urlencoded::to_string(fields).expect("a form");
        let late = http_body_util::Full::new(axum::body::Bytes::from(body)).map_frame(move |frame| {
            meanwhile();
            frame
        });
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.request("POST", path, &[kind], Body::new(late)).await
    }

    pub async fn json(&mut self, method: &str, path: &str, body: &serde_json::Value) -> Answer {
        self.request(method, path, &[("content-type", "application/json")], Body::from(body.to_string())).await
    }

    /// Sends a body as it stands.
    pub async fn raw(&mut self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        self.request(method, path, &[("content-type", kind)], Body::from(body.to_string())).await
    }

    /// Sends a form in parts, with a file called so in it.
    pub async fn upload(&mut self, path: &str, fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Answer {
        self.request("POST", path, &[("content-type", PARTS)], Body::from(in_parts(fields, file))).await
    }

    /// What came back as bytes, where they are no text.
    pub async fn bytes(&mut self, path: &str) -> (u16, Vec<u8>) {
        let (answer, bytes) = self.exchange("GET", path, &[], Body::empty()).await;
        (answer.status, bytes)
    }

    /// Opens a link from a mail and follows its one redirect.
    pub async fn open_link(&mut self, link: &str) -> Answer {
        let path = link.strip_prefix("http://localhost:8080").unwrap_or(link).to_string();
        let first = self.get(&path).await;
        assert_eq!(first.status, 303, "a link takes its token out of the address");
        let to = first.location().to_string();
        self.get(&to).await
    }

    pub async fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
        self.exchange(method, path, headers, body).await.0
    }

    async fn exchange(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> (Answer, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            request = request.header("host", "localhost:8080");
        }
        for (name, value) in self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain(headers.iter().copied()) {
            request = request.header(name, value);
        }
        if !self.cookies.is_empty() {
            let all: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, all.join("; "));
        }
        let mut request = request.body(body).expect("a request");
        request.extensions_mut().insert(ConnectInfo(self.address));
        let response = self.router.clone().oneshot(request).await.expect("the router never fails");
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.take_cookie(cookie.to_str().expect("a cookie"));
        }
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (Answer { status: parts.status.as_u16(), headers: parts.headers, text }, bytes.to_vec())
    }

    fn take_cookie(&mut self, text: &str) {
        let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
        let (name, value) = pair.split_once('=').expect("name=value");
        if value.is_empty() || attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_string(), value.to_string());
        }
    }
}
