//! Real things that can be taken away: a small disk that fills, a PostgreSQL that stops, a network that swallows.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of a small disk.
const SMALL: u64 = 12 << 20;

/// A folder with little room: a file system of its own where this process may mount one, and otherwise a limit on the
/// size of each file that the program writes.
pub struct SmallDisk {
    pub folder: tempfile::TempDir,
    pub is_mounted: bool,
}

impl SmallDisk {
    pub fn new(bytes: u64) -> SmallDisk {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={bytes}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        let is_mounted = mount.status().is_ok_and(|status| status.success());
        SmallDisk { folder, is_mounted }
    }

    pub fn small() -> SmallDisk {
        SmallDisk::new(SMALL)
    }

    /// Leaves no room at all; `server` is who is limited where there is no file system of its own.
    pub fn fill(&self, server: u32) {
        if !self.is_mounted {
            return limit(server, "1");
        }
        let mut ballast = std::fs::File::create(self.ballast()).expect("ballast");
        for size in [65_536, 4_096, 512, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    pub fn make_room(&self, server: u32) {
        if !self.is_mounted {
            return limit(server, "unlimited");
        }
        std::fs::remove_file(self.ballast()).expect("ballast");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
        }
    }
}

fn limit(process: u32, bytes: &str) {
    let limited = Command::new("prlimit").args(["--pid", &process.to_string(), &format!("--fsize={bytes}")]).status();
    assert!(limited.expect("prlimit").success());
}

/// A PostgreSQL of a test's own.
pub struct Cluster {
    folder: tempfile::TempDir,
    data: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes one with its tables in a folder, and its journal elsewhere: a full disk is to refuse rows, not to stop it.
    pub fn new(tables: Option<&Path>) -> Cluster {
        let folder = tempfile::tempdir().expect("a folder");
        let data = tables.unwrap_or(folder.path()).join("data");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        for owned in [Some(folder.path()), tables].into_iter().flatten() {
            give(owned);
        }
        let made = own("initdb")
            .args(["--username", "ruh", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"])
            .arg("--wal-segsize=1")
            .arg("--pgdata")
            .arg(&data)
            .arg("--waldir")
            .arg(folder.path().join("journal"))
            .output()
            .expect("initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let cluster = Cluster { folder, data, port };
        cluster.start();
        cluster
    }

    pub fn url(&self) -> String {
        format!("postgres://ruh@127.0.0.1:{}/postgres", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn start(&self) {
        let settings = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c max_connections=60 \
             -c dynamic_shared_memory_type=mmap -c shared_buffers=16MB -c fsync=off -c max_wal_size=64MB",
            self.port,
            self.folder.path().display()
        );
        let log = self.folder.path().join("log");
        self.control(&["start", "--options", &settings, "--log", &log.to_string_lossy(), "--timeout", "60"]);
    }

    /// As if its machine had gone.
    pub fn stop(&self) {
        self.control(&["stop", "--mode", "immediate"]);
    }

    fn control(&self, what: &[&str]) {
        let mut command = own("pg_ctl");
        let done = command.args(what).arg("--wait").arg("--pgdata").arg(&self.data).stdin(Stdio::null());
        assert!(done.stdout(Stdio::null()).status().expect("pg_ctl").success(), "{what:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut command = own("pg_ctl");
        let stop = command.args(["stop", "--mode", "immediate", "--wait", "--pgdata"]).arg(&self.data);
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// PostgreSQL refuses to run as root; its programs are in the path (scripts/postgres.sh).
fn own(program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    let whole = std::env::var("PATH").unwrap_or_default();
    let found = whole.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.exists());
    command.args(["-u", "postgres", "--"]).arg(found.unwrap_or_else(|| panic!("no {program} in the path")));
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id");
    String::from_utf8_lossy(&id.stdout).trim() == "0"
}

fn give(folder: &Path) {
    if is_root() {
        let given = Command::new("chown").arg("postgres:").arg(folder).status();
        assert!(given.expect("chown").success());
    }
}

/// Passes connections on to a port until it is told to swallow everything, as a network does that lost its way.
pub struct Swallower {
    pub port: u16,
    swallows: Arc<AtomicBool>,
}

impl Swallower {
    pub fn before(port: u16) -> Swallower {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let swallows = Arc::new(AtomicBool::new(false));
        let swallower =
            Swallower { port: listener.local_addr().expect("an address").port(), swallows: swallows.clone() };
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let (Ok(near_too), Ok(far_too)) = (near.try_clone(), far.try_clone()) else { continue };
                let (one, other) = (swallows.clone(), swallows.clone());
                std::thread::spawn(move || pass(near, far, &one));
                std::thread::spawn(move || pass(far_too, near_too, &other));
            }
        });
        swallower
    }

    pub fn swallow(&self) {
        self.swallows.store(true, Ordering::SeqCst);
    }

    /// The way is there again; what was under way is cut, as the machines at both ends find out.
    pub fn recover(&self) {
        self.swallows.store(false, Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, swallows: &AtomicBool) {
    let mut swallowed = false;
    let mut bytes = [0; 16_384];
    let wait = Some(std::time::Duration::from_millis(50));
    from.set_read_timeout(wait).expect("a time-out");
    loop {
        let read = from.read(&mut bytes);
        // Asked after the bytes have come: what arrives from now on is lost, and nothing slips through.
        let swallowing = swallows.load(Ordering::SeqCst);
        match read {
            Ok(0) => break,
            Ok(_) if swallowing => swallowed = true,
            Ok(n) if !swallowed => {
                if to.write_all(&bytes[..n]).is_err() {
                    break;
                }
            }
            Ok(_) => break,
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                if swallowed && !swallowing {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
