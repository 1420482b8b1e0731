//! The real binary and the real mail server, as processes of their own.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use testkit::{Json, PASSWORD, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The mail server of tests/support/smtp.py.
pub struct Smtp {
    child: Child,
    // The server ends when this is closed.
    _stdin: ChildStdin,
    pub port: u16,
    control: u16,
    pub ca: Option<String>,
}

impl Smtp {
    pub fn start(arguments: &[&str]) -> Smtp {
        let python = root().join("target/smtp-venv/bin/python");
        let mut child = Command::new(&python)
            .arg(root().join("tests/support/smtp.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}; scripts/install.sh test makes it", python.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a first line");
        let said: Json = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let port = |name: &str| u16::try_from(said[name].as_u64().expect("a port")).expect("a port");
        Smtp {
            _stdin: child.stdin.take().expect("stdin"),
            port: port("smtp"),
            control: port("control"),
            ca: said["ca"].as_str().map(str::to_string),
            child,
        }
    }

    /// For RUH_SMTP_URL, without TLS.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Json {
        let answer = http(method, &format!("http://127.0.0.1:{}{path}", self.control), &[], body);
        serde_json::from_str(&answer.1).unwrap_or_else(|e| panic!("{e}: {}", answer.1))
    }

    pub fn mails(&self) -> Vec<Json> {
        self.ask("GET", "/mails", "").as_array().expect("a list").clone()
    }

    /// The mails as soon as there are so many; those that came within a minute otherwise.
    pub fn wait(&self, count: usize) -> Vec<Json> {
        self.ask("GET", &format!("/wait?n={count}&seconds=60"), "").as_array().expect("a list").clone()
    }

    pub fn attempts(&self) -> u64 {
        self.ask("GET", "/count", "")["attempts"].as_u64().expect("a number")
    }

    pub fn behave(&self, behaviour: &Json) {
        http("POST", &format!("http://127.0.0.1:{}/behaviour", self.control), &[], &behaviour.to_string());
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer over a real connection; status 0 where there was none.
#[derive(Debug, Default)]
pub struct Answered {
    pub status: u16,
    pub body: String,
    pub cookies: Vec<String>,
    pub retry_after: Option<u64>,
}

/// Status and body of a request over a real connection; status 0 where there was no answer.
pub fn http(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let answered = answer(method, url, headers, body);
    (answered.status, answered.body)
}

pub fn answer(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answered {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(std::time::Duration::from_secs(90)))
        .max_redirects(0)
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    match agent.run(request.body(body.to_string()).expect("a request")) {
        Ok(mut response) => {
            let Ok(body) = response.body_mut().read_to_string() else { return Answered::default() };
            let all = |name: &str| response.headers().get_all(name).iter().filter_map(|v| v.to_str().ok());
            Answered {
                status: response.status().as_u16(),
                body,
                cookies: all("set-cookie").map(str::to_string).collect(),
                retry_after: all("retry-after").next().and_then(|seconds| seconds.parse().ok()),
            }
        }
        Err(_) => Answered::default(),
    }
}

/// How the binary is to run.
#[derive(Clone)]
pub struct Setting {
    pub folder: PathBuf,
    pub database: String,
    pub port: u16,
    pub environment: Vec<(String, String)>,
    /// What starts it, if not we ourselves.
    starter: Vec<String>,
}

impl Setting {
    pub fn new(folder: &Path, database: &str) -> Setting {
        // A port that was free a moment ago; nobody else on this machine asks for one by number.
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
        Setting {
            folder: folder.to_path_buf(),
            database: database.to_string(),
            port: free.port(),
            environment: vec![("RUH_LOG".into(), "warn".into()), ("RUH_BACKUP_HOUR".into(), "off".into())],
            starter: Vec::new(),
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Setting {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Started by a program that gets the binary and its arguments, and becomes it.
    pub fn through(mut self, starter: &[&str]) -> Setting {
        self.starter = starter.iter().map(ToString::to_string).collect();
        self
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let whole =
            self.starter.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_ruh")]).chain(arguments.iter().copied());
        let whole: Vec<&str> = whole.collect();
        let mut command = Command::new(whole[0]);
        command
            .args(&whole[1..])
            .env("RUH_DATA_DIR", &self.folder)
            .env("RUH_DATABASE_URL", &self.database)
            .env("RUH_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("RUH_PUBLIC_URL", format!("http://127.0.0.1:{}", self.port))
            .envs(self.environment.iter().cloned());
        command
    }

    /// Begins a command.
    pub fn begin(&self, arguments: &[&str], input: &str) -> Child {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
        // A command that refuses at once may be gone before it was told.
        let _ = child.stdin.take().expect("stdin").write_all(input.as_bytes());
        child
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        self.begin(arguments, input).wait_with_output().expect("an end")
    }

    /// Makes a practice and returns its owner's API token.
    pub fn practice(&self) -> String {
        self.practice_of("olive@example.org")
    }

    /// The same for an owner with this address.
    pub fn practice_of(&self, owner: &str) -> String {
        let arguments = [
            "practice",
            "create",
            "--name",
            "Calm Harbour",
            "--owner-name",
            "Olive Owner",
            "--owner-email",
            owner,
            "--time-zone",
            "Europe/Berlin",
            "--password-stdin",
        ];
        let made = self.run(&arguments, PASSWORD);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        self.token_of(owner)
    }

    pub fn token(&self) -> String {
        self.token_of("olive@example.org")
    }

    fn token_of(&self, email: &str) -> String {
        let made = self.run(&["token", "create", "--email", email, "--name", "test"], "");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8_lossy(&made.stdout).lines().last().expect("a token").to_string()
    }

    pub fn serve(&self) -> Server {
        let mut child =
            self.command(&["serve"]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the binary");
        let mut out = BufReader::new(child.stdout.take().expect("stdout"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a first line");
        assert!(line.contains("Ruh Care is at"), "the server did not start: {line:?}");
        // Read on, so that the server never waits for a full pipe.
        std::thread::spawn(move || std::io::copy(&mut out.by_ref(), &mut std::io::sink()));
        Server { child, setting: self.clone() }
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    pub setting: Setting,
}

impl Server {
    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// As if the power went.
    pub fn kill(mut self) {
        self.child.kill().expect("a kill");
        self.child.wait().expect("an end");
    }

    /// The same while others still hold it.
    pub fn kill_now(&self) {
        // It may be dead already: several may find that it is time.
        let _ = Command::new("kill").args(["-KILL", &self.child.id().to_string()]).stderr(Stdio::null()).status();
    }

    pub fn ask_to_stop(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill");
        assert!(asked.success());
    }

    /// Waits for its end; the exit code.
    pub fn ended(mut self) -> Option<i32> {
        self.child.wait().expect("an end").code()
    }

    /// Asks it to stop; the exit code.
    pub fn stop(self) -> Option<i32> {
        self.ask_to_stop();
        self.ended()
    }

    pub fn add_client(&self, token: &str, body: &Json) -> (u16, String) {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        http("POST", &self.setting.url("/api/v1/clients"), &headers, &body.to_string())
    }

    /// Adds a client with an address; the id.
    pub fn invite(&self, token: &str, email: &str) -> String {
        let (status, text) =
            self.add_client(token, &json!({"first_name": "Ana", "last_name": "Marchetti", "email": email}));
        assert_eq!(status, 201, "{text}");
        let body: Json = serde_json::from_str(&text).expect("JSON");
        body["id"].as_str().expect("an id").to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder and a database for processes on one engine.
pub struct Ground {
    pub folder: tempfile::TempDir,
    pub raw: testkit::Raw,
}

impl Ground {
    pub fn new(engine: testkit::ruh::db::Engine) -> Ground {
        let folder = tempfile::tempdir().expect("a folder");
        let raw = match engine {
            testkit::ruh::db::Engine::Sqlite => testkit::Raw::sqlite(folder.path().join("ruh.db")),
            testkit::ruh::db::Engine::Postgres => testkit::Raw::postgres(),
        };
        Ground { folder, raw }
    }

    pub fn setting(&self) -> Setting {
        Setting::new(self.folder.path(), &self.raw.url())
    }
}

/// Whether the heavy tests are to run for long.
pub fn long() -> bool {
    std::env::var("RUH_FAULTS").is_ok_and(|v| v == "long")
}

/// How often the server is killed: `bounded` times in `make test`, a thousand or as RUH_FAULTS_KILLS says in the long run.
pub fn kills(bounded: usize) -> usize {
    if !long() {
        return bounded;
    }
    std::env::var("RUH_FAULTS_KILLS").map_or(1000, |v| v.parse().expect("RUH_FAULTS_KILLS is a number"))
}
