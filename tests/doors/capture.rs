//! Ears: a log at trace level kept in memory, and a mail server that writes down what it is told.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, OnceLock};

use tracing_subscriber::util::SubscriberInitExt;

/// What the log holds; one for the whole process, as the log itself is.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Starts logging everything, as `RUH_LOG=trace` would.
    pub fn everything() -> Log {
        static LOG: OnceLock<Log> = OnceLock::new();
        let start = || {
            let log = Log::default();
            let writer = log.clone();
            let subscriber = testkit::ruh::logging::subscriber("trace", move || writer.clone());
            subscriber.expect("a filter").try_init().expect("the only log");
            log
        };
        LOG.get_or_init(start).clone()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("the log")).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One mail as a server took it.
#[derive(Debug, Clone)]
pub struct Taken {
    pub recipients: Vec<String>,
    pub text: String,
}

/// A mail server that answers RCPT as it was told to.
#[derive(Clone)]
pub struct Smtp {
    pub url: String,
    taken: Arc<Mutex<Vec<Taken>>>,
    answer: Arc<Mutex<&'static str>>,
}

impl Smtp {
    pub fn start() -> Smtp {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let smtp = Smtp {
            url: format!("smtp://127.0.0.1:{port}"),
            taken: Arc::default(),
            answer: Arc::new(Mutex::new("250 ok")),
        };
        let server = smtp.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.talk(&stream));
            }
        });
        smtp
    }

    /// What RCPT is answered from now on.
    pub fn answer(&self, line: &'static str) {
        *self.answer.lock().expect("the answer") = line;
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().expect("the mails").clone()
    }

    fn talk(&self, stream: &std::net::TcpStream) {
        let mut out = stream;
        let mut lines = BufReader::new(stream);
        let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).is_ok();
        let mut mail = Taken { recipients: Vec::new(), text: String::new() };
        let mut line = String::new();
        say("220 mail.example ESMTP");
        while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
            let command = std::mem::take(&mut line);
            let verb = command.get(..4).unwrap_or_default().to_uppercase();
            let going_on = match verb.as_str() {
                "RCPT" => {
                    let answer = *self.answer.lock().expect("the answer");
                    if answer.starts_with("250") {
                        mail.recipients.push(command.trim().to_string());
                    }
                    say(answer)
                }
                "DATA" => {
                    say("354 go on");
                    while lines.read_line(&mut line).is_ok_and(|read| read > 0) && line != ".\r\n" {
                        mail.text.push_str(&std::mem::take(&mut line));
                    }
                    line.clear();
                    let whole = std::mem::replace(&mut mail, Taken { recipients: Vec::new(), text: String::new() });
                    self.taken.lock().expect("the mails").push(whole);
                    say("250 taken")
                }
                "QUIT" => {
                    say("221 bye");
                    false
                }
                _ => {
                    if verb == "RSET" {
                        mail = Taken { recipients: Vec::new(), text: String::new() };
                    }
                    say("250 ok")
                }
            };
            if !going_on {
                return;
            }
        }
    }
}

/// Makes a test of an `async fn(Engine)` on each engine, for tests that need settings of their own.
#[macro_export]
macro_rules! each_engine {
    ($(async fn $name:ident($engine:ident) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn body($engine: testkit::ruh::db::Engine) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(testkit::ruh::db::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body(testkit::ruh::db::Engine::Postgres).await;
            }
        }
    )*};
}
