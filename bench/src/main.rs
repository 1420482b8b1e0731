//! `make bench`: what the program exists for, as ratios in one run, on both databases, so that a slow or busy machine
//! changes both sides. Prints one table, with aim and reached; everything else is gone when it ends.
//!
//! The release program and the bare routes are processes of their own, asked over loopback. `BENCH_QUICK=1` is for a
//! look: a tenth of the data and shorter turns; `BENCH_ONLY=filling,chat` measures these parts alone.

mod bare;
mod chat;
mod client;
mod copy;
mod crowd;
mod filling;
mod history;
mod measure;
mod parts;
mod plain;
mod server;
mod site;
mod streams;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use measure::{FULL, Pace, Pair, QUICK};
use parts::{OF_A_PAIR, Part, Parts};
use site::Site;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => run(),
        ["prepare", folder, crowd] => crowd::prepare(Path::new(folder), crowd.parse().expect("a number")),
        ["bare", folder, address] => bare::serve(Path::new(folder), address.parse().expect("an address")),
        _ => panic!("run `make bench`"),
    }
}

fn run() {
    let quick = std::env::var("BENCH_QUICK").is_ok_and(|value| !value.is_empty() && value != "0");
    let (pace, crowd) = if quick { (QUICK, 10_000) } else { (FULL, 100_000) };
    let parts = Parts::asked();
    let server = std::env::var("RUH_TEST_POSTGRES_URL").expect("RUH_TEST_POSTGRES_URL: run `make bench`");
    let scratch = tempfile::Builder::new().prefix("ruh-bench.").tempdir().expect("a folder");
    say(&format!("making {crowd} and {} clients, and {} other practices beside each", crowd / 10, crowd::PRACTICES));
    let whole = prepared(scratch.path(), crowd);
    let tenth = prepared(scratch.path(), crowd / 10);
    say("copying them to PostgreSQL");
    let (base, options) = server.split_once('?').unwrap_or((&server, "sslmode=disable"));
    let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
    let url = |name: &str| format!("{base}/{name}?{options}");
    let copies = [("whole", &whole), ("tenth", &tenth)].map(|(name, folder)| {
        create_database(&server, name);
        copied(scratch.path(), folder, name, &url(name))
    });
    create_database(&server, "bench");
    let made = Command::new("pgbench").args(["--initialize", "--quiet"]).arg(url("bench")).output().expect("pgbench");
    assert!(made.status.success(), "pgbench: {}", String::from_utf8_lossy(&made.stderr));
    say("measuring on SQLite");
    let lite = measured([&whole, &tenth], [None, None], pace, &parts, None);
    say("measuring on PostgreSQL");
    let (whole, tenth) = (url("whole"), url("tenth"));
    let [whole_folder, tenth_folder] = &copies;
    let databases = [Some(&whole), Some(&tenth)];
    let pg = measured([whole_folder, tenth_folder], databases, pace, &parts, Some(&url("bench")));
    table::print(&lite, &pg);
}

/// Where the run stands; the table alone is on standard output.
fn say(text: &str) {
    eprintln!("bench: {text}");
}

fn measured(
    folders: [&PathBuf; 2],
    databases: [Option<&String>; 2],
    pace: Pace,
    parts: &Parts,
    postgres: Option<&str>,
) -> Vec<table::Figure> {
    let [whole, tenth] = databases.map(|url| url.map(String::as_str));
    let mut figures = Vec::new();
    if parts.have(Part::Start) {
        figures.extend(measure::start(folders[0], whole, pace));
    }
    if parts.have_any(&OF_A_PAIR) {
        let pair = Pair { whole: Site::open(folders[0], whole), tenth: Site::open(folders[1], tenth), pace };
        let recorded = folders[0].join("recorded");
        std::fs::create_dir_all(&recorded).expect("a folder");
        figures.extend(pair.figures(parts, &recorded, postgres));
    }
    if parts.have(Part::Chat) {
        figures.extend(chat::figures(folders[0], whole, pace, postgres));
    }
    figures
}

/// A folder with data on SQLite, made by a process of its own: in memory where there is room, because thousands of
/// transactions wait for thousands of flushes, and then put on the disk.
fn prepared(scratch: &Path, crowd: usize) -> PathBuf {
    let folder = scratch.join(format!("sqlite-{crowd}"));
    let mut builder = tempfile::Builder::new();
    let making = builder.prefix("ruh-bench.");
    let making =
        if has_room(Path::new("/dev/shm")) { making.tempdir_in("/dev/shm") } else { making.tempdir_in(scratch) };
    let making = making.expect("a folder");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    let ended = command.arg("prepare").arg(making.path()).arg(crowd.to_string()).status().expect("a process");
    assert!(ended.success(), "the data could not be made");
    copy_files(making.path(), &folder, |_| true);
    folder
}

/// Whether a folder in memory holds the data with ease.
fn has_room(folder: &Path) -> bool {
    let said = Command::new("df").args(["-k", "--output=avail"]).arg(folder).output();
    let text = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned()).unwrap_or_default();
    text.lines().last().and_then(|line| line.trim().parse::<u64>().ok()).is_some_and(|kibibytes| kibibytes > 2_000_000)
}

fn copy_files(from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_file() && wanted(&name) {
            std::fs::copy(&path, to.join(name)).expect("a copy");
        }
    }
}

/// A folder that goes with the same data on PostgreSQL: the key, the head of the audit record, and whom to be.
fn copied(scratch: &Path, from: &Path, name: &str, url: &str) -> PathBuf {
    let folder = scratch.join(format!("postgres-{name}"));
    copy_files(from, &folder, |name| !name.starts_with("ruh.db"));
    let migrated = server::program(&folder, Some(url)).arg("migrate").status().expect("a process");
    assert!(migrated.success(), "the database could not be migrated");
    copy::copy(&from.join("ruh.db"), url);
    folder
}

fn create_database(server: &str, name: &str) {
    let mut admin = postgres::Client::connect(server, postgres::NoTls).expect("the server");
    admin.batch_execute(&format!("drop database if exists {name} with (force)")).expect("no database");
    admin.batch_execute(&format!("create database {name}")).expect("a database");
}
