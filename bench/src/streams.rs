//! Streams of server-sent events, held open by the thousand.

use std::io::{ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::client::{Request, find};

/// Longer than this nobody waits for anything.
const PATIENCE: Duration = Duration::from_secs(20);
/// Who open streams at once.
const OPENERS: usize = 16;

/// Lets this process, and the servers that it starts from now on, open as many descriptors as the machine allows.
pub fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).expect("as many descriptors as are allowed");
}

/// One that is open, with what came and was not looked at yet.
pub struct Stream {
    socket: TcpStream,
    come: Vec<u8>,
}

impl Stream {
    pub fn open(address: SocketAddr, request: &Request) -> Result<Stream> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(request.bytes())?;
        let mut stream = Stream { socket, come: Vec::new() };
        let head = stream.until(b"\r\n\r\n")?;
        if !head.starts_with(b"HTTP/1.1 200") {
            return Err(std::io::Error::other(String::from_utf8_lossy(&head).into_owned()));
        }
        Ok(stream)
    }

    /// Waits until an event with a text in it is here, whole. What came before is forgotten.
    pub fn wait_for(&mut self, text: &str) -> Result<()> {
        self.until(text.as_bytes())?;
        self.until(b"\n\n").map(drop)
    }

    /// Whether it goes on: neither cut nor told that it is over.
    pub fn goes_on(&mut self) -> bool {
        let mut part = [0; 4_096];
        self.socket.set_nonblocking(true).expect("a socket");
        loop {
            match self.socket.read(&mut part) {
                Ok(0) => return false,
                Ok(read) => self.come.extend_from_slice(&part[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        find(&self.come, b"event: gone", 0).is_none()
    }

    /// What came up to the end of some bytes.
    fn until(&mut self, what: &[u8]) -> Result<Vec<u8>> {
        let (mut part, mut searched) = ([0; 4_096], 0);
        loop {
            if let Some(at) = find(&self.come, what, searched) {
                let rest = self.come.split_off(at + what.len());
                return Ok(std::mem::replace(&mut self.come, rest));
            }
            searched = self.come.len().saturating_sub(what.len());
            match self.socket.read(&mut part)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => self.come.extend_from_slice(&part[..read]),
            }
        }
    }
}

/// Opens one for each request, several at once; fewer where no more can be opened.
pub fn open_all(address: SocketAddr, requests: &[Request]) -> Vec<Stream> {
    let some = |requests: &[Request]| {
        let mut open = Vec::new();
        for request in requests {
            match Stream::open(address, request) {
                Ok(stream) => open.push(stream),
                Err(error) => {
                    eprintln!("bench: no more streams: {error}");
                    break;
                }
            }
        }
        open
    };
    std::thread::scope(|scope| {
        let parts = requests.chunks(requests.len().div_ceil(OPENERS).max(1));
        let all: Vec<_> = parts.map(|part| scope.spawn(move || some(part))).collect();
        all.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    })
}
