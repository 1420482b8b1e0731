//! The other side of every ratio: axum routes that answer recorded bytes with the recorded headers, and do nothing else.

use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::routing::get;
use bytes::Bytes;

use crate::client::Answer;

/// What the server says by itself.
const OWN: [&str; 4] = ["date", "content-length", "transfer-encoding", "connection"];

/// Keeps an answer to be given at `/<number>`.
pub fn record(folder: &Path, number: usize, answer: &Answer) {
    let of_ours = |line: &&str| {
        line.split_once(':').is_some_and(|(name, _)| !OWN.iter().any(|own| name.eq_ignore_ascii_case(own)))
    };
    let lines: Vec<&str> = answer.head.lines().skip(1).filter(of_ours).collect();
    std::fs::write(folder.join(format!("{number}.head")), lines.join("\n")).expect("a head");
    std::fs::write(folder.join(format!("{number}.body")), &answer.body).expect("a body");
}

/// Serves what was recorded until the process is ended.
pub fn serve(folder: &Path, address: SocketAddr) {
    let mut router = Router::new().route("/healthz", get(|| async { StatusCode::OK }));
    for number in 0.. {
        let Ok(body) = std::fs::read(folder.join(format!("{number}.body"))) else { break };
        let body = Bytes::from(body);
        let head = std::fs::read_to_string(folder.join(format!("{number}.head"))).expect("a head");
        let headers: HeaderMap = head.lines().filter_map(header).collect();
        let answer = move || async move { (headers, body) };
        router = router.route(&format!("/{number}"), get(answer));
    }
    // The same runtime as the program's.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.expect("an address");
        axum::serve(listener, router).await.expect("a server");
    });
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    Some((name.parse().ok()?, value.trim().parse().ok()?))
}
