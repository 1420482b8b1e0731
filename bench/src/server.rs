//! Servers as processes of their own: how soon they answer, and how much memory they take.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ruh::clock::stopwatch;

use crate::client::{Connection, Request};
use crate::crowd::KEY;

pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts the program on a folder that was prepared; also how long it took to answer `path` for the first time.
    pub fn start(folder: &Path, database: Option<&str>, path: &str) -> (Server, Duration) {
        let address = free_address();
        let mut command = program(folder, database);
        command.arg("serve").env("RUH_LISTEN", address.to_string());
        started(command, address, path)
    }

    /// Starts the bare routes on what was recorded in a folder.
    pub fn bare(folder: &Path) -> Server {
        let address = free_address();
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg("bare").arg(folder).arg(address.to_string());
        started(command, address, "/healthz").0
    }

    /// How many descriptors it may have open.
    pub fn descriptors(&self) -> u64 {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).expect("/proc");
        let said = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("a line");
        said.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(u64::MAX)
    }

    /// Mebibytes held now, and the most that ever were.
    pub fn memory(&self) -> (f64, f64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("/proc");
        let kibibytes = |name: &str| -> f64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
            line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number")
        };
        (kibibytes("VmRSS") / 1_024.0, kibibytes("VmHWM") / 1_024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with the settings of a run, and none of those that happen to stand in the environment.
pub fn program(folder: &Path, database: Option<&str>) -> Command {
    let mut command = Command::new(std::env::var("RUH_BIN").expect("RUH_BIN: run `make bench`"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RUH_")) {
        command.env_remove(name);
    }
    command.env("RUH_DATA_DIR", folder).env("RUH_SECRET_KEY", KEY);
    // Sign-ins come from as many addresses as they name: the caps are not what is measured.
    command.env("RUH_TRUSTED_PROXIES", "127.0.0.1");
    // So are those on what one person writes.
    command.env("RUH_MESSAGES_A_MINUTE", "1000000");
    // Mails wait until after the run: how fast they leave is another matter.
    command.env("RUH_UNDO_SECONDS", "7200");
    if let Some(url) = database {
        command.env("RUH_DATABASE_URL", url);
    }
    // As a service does, it writes its log to a file.
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).expect("a log");
    command.stdout(Stdio::null()).stderr(log);
    command
}

fn started(mut command: Command, address: SocketAddr, path: &str) -> (Server, Duration) {
    let since = stopwatch();
    let server = Server { child: command.spawn().expect("a server"), address };
    let request = Request::get(path, &[]);
    while since.elapsed() < Duration::from_secs(20) {
        let status = Connection::open(address).and_then(|mut connection| connection.status(&request));
        if status.is_ok_and(|status| status == 200) {
            return (server, since.elapsed());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("no answer from {address}");
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address")
}
