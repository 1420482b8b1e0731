//! A lean HTTP/1.1 client, a thread and a kept connection for each of those who ask at once. It is the same for both
//! sides of every ratio, and cheap: what a client costs would make the ratio look better than it is.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use ruh::clock::stopwatch;

/// A request, and the status that its answer must have.
#[derive(Clone)]
pub struct Request {
    bytes: Vec<u8>,
    status: u16,
}

impl Request {
    /// `headers`: whole lines without their ends.
    pub fn get(path: &str, headers: &[&str]) -> Request {
        Request::new(&format!("GET {path}"), headers, "", 200)
    }

    pub fn post(path: &str, headers: &[&str], body: &str, status: u16) -> Request {
        Request::new(&format!("POST {path}"), headers, body, status)
    }

    fn new(line: &str, headers: &[&str], body: &str, status: u16) -> Request {
        let mut text = format!("{line} HTTP/1.1\r\nhost: localhost:8080\r\n");
        for header in headers {
            text.push_str(header);
            text.push_str("\r\n");
        }
        if line.starts_with("POST") {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(body);
        Request { bytes: text.into_bytes(), status }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// An answer, with its body as it was sent (compressed, perhaps).
pub struct Answer {
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// One kept connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Connection {
    pub fn open(address: SocketAddr) -> std::io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Connection { stream, buffer: vec![0; 256 * 1024], filled: 0 })
    }

    /// Asks and reads the whole answer; panics if it is not the one that was expected.
    pub fn ask(&mut self, request: &Request) {
        self.send(request).expect("a connection");
        self.finish(request);
    }

    /// Asks; the answer is read by `finish`.
    pub fn send(&mut self, request: &Request) -> std::io::Result<()> {
        self.stream.write_all(&request.bytes)
    }

    /// Reads the whole answer to what was sent; panics if it is not the one that was expected.
    pub fn finish(&mut self, request: &Request) {
        let (status, _) = self.answer().expect("an answer");
        assert!(status == request.status, "{status} where {} was expected: {}", request.status, self.said());
    }

    /// The same, giving the answer.
    pub fn fetch(&mut self, request: &Request) -> Answer {
        let (status, head) = self.exchange(request).expect("an answer");
        assert!(status == request.status, "{status} where {} was expected: {}", request.status, self.said());
        let head_text = String::from_utf8_lossy(&self.buffer[..head]).into_owned();
        let body = &self.buffer[head..self.filled];
        let body = if is_chunked(&head_text) { unchunked(body) } else { body.to_vec() };
        Answer { head: head_text, body }
    }

    /// Status of the answer to a request that may be refused.
    pub fn status(&mut self, request: &Request) -> std::io::Result<u16> {
        self.exchange(request).map(|(status, _)| status)
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.buffer[..self.filled.min(3_000)]).into_owned()
    }

    fn exchange(&mut self, request: &Request) -> std::io::Result<(u16, usize)> {
        self.send(request)?;
        self.answer()
    }

    /// Status and length of the head; the buffer holds the answer.
    fn answer(&mut self) -> std::io::Result<(u16, usize)> {
        self.filled = 0;
        let head = loop {
            self.more()?;
            if let Some(at) = find(&self.buffer[..self.filled], b"\r\n\r\n", 0) {
                break at + 4;
            }
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).into_owned();
        let status = text.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0);
        if let Some(length) = content_length(&text) {
            while self.filled < head + length {
                self.more()?;
            }
        } else if is_chunked(&text) {
            self.read_to_last_chunk(head)?;
        }
        Ok((status, head))
    }

    fn read_to_last_chunk(&mut self, head: usize) -> std::io::Result<()> {
        let mut at = head;
        loop {
            let line = loop {
                match find(&self.buffer[..self.filled], b"\r\n", at) {
                    Some(end) => break end,
                    None => self.more()?,
                }
            };
            let size = chunk_size(&self.buffer[at..line]);
            at = line + 2 + size + 2;
            while self.filled < at {
                self.more()?;
            }
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn more(&mut self) -> std::io::Result<()> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled * 2, 0);
        }
        let read = self.stream.read(&mut self.buffer[self.filled..])?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.filled += read;
        Ok(())
    }
}

pub fn find(text: &[u8], what: &[u8], from: usize) -> Option<usize> {
    text.get(from..)?.windows(what.len()).position(|part| part == what).map(|at| from + at)
}

fn content_length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        if key.eq_ignore_ascii_case("content-length") { value.trim().parse().ok() } else { None }
    })
}

fn is_chunked(head: &str) -> bool {
    head.to_ascii_lowercase().contains("transfer-encoding: chunked")
}

fn chunk_size(line: &[u8]) -> usize {
    let text = String::from_utf8_lossy(line);
    usize::from_str_radix(text.trim(), 16).expect("the size of a chunk")
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(line) = find(body, b"\r\n", 0) {
        let size = chunk_size(&body[..line]);
        whole.extend_from_slice(&body[line + 2..line + 2 + size]);
        body = &body[line + 2 + size + 2..];
        if size == 0 {
            break;
        }
    }
    whole
}

/// Answers a second that so many connections get who ask the same again and again.
pub fn rate(address: SocketAddr, request: &Request, connections: usize, time: Duration) -> f64 {
    let started = stopwatch();
    let count: usize = std::thread::scope(|scope| {
        let one = || {
            let mut connection = Connection::open(address).expect("a connection");
            let mut count = 0;
            while started.elapsed() < time {
                connection.ask(request);
                count += 1;
            }
            count
        };
        let all: Vec<_> = (0..connections).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|thread| thread.join().expect("a thread")).sum()
    });
    count as f64 / started.elapsed().as_secs_f64()
}

/// Requests a second when each connection sends its own list of requests to a server, one after the other.
pub fn rate_of_all(lists: &[(SocketAddr, Vec<Request>)]) -> f64 {
    let started = stopwatch();
    let count: usize = lists.iter().map(|(_, list)| list.len()).sum();
    std::thread::scope(|scope| {
        for (address, list) in lists {
            scope.spawn(move || {
                let mut connection = Connection::open(*address).expect("a connection");
                list.iter().for_each(|request| connection.ask(request));
            });
        }
    });
    count as f64 / started.elapsed().as_secs_f64()
}

/// How long answers take, one after the other on one connection, with a pause between: somebody who works.
pub fn times(address: SocketAddr, request: &Request, pause: Duration, time: Duration) -> Vec<Duration> {
    let mut connection = Connection::open(address).expect("a connection");
    let started = stopwatch();
    let mut times = Vec::new();
    while started.elapsed() < time {
        let asked = stopwatch();
        connection.ask(request);
        times.push(asked.elapsed());
        std::thread::sleep(pause);
    }
    times
}
