//! Backup under load and restore elsewhere, on both databases and from each into the other; and what is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use testkit::ruh::db::{Engine, Snapshot};
use testkit::{Json, PASSWORD, TestApp, json};

use crate::support::{Ground, Server, Setting, Smtp, http};

const PASSPHRASE: &str = "a long walk by the sea";

/// Everything that may be in a server's data folder. A backup takes some of it by name: what is new here has to be
/// decided there too.
const KNOWN: [&str; 9] =
    ["audit.head", "backups", "files", "lock", "mail", "ruh.db", "ruh.db-shm", "ruh.db-wal", "ruh.db.lock"];

/// Clients of whom some part is missing.
const TORN: &str = "select count(*) from clients c where
    not exists (select 1 from care_team t where t.practice_id = c.practice_id and t.client_id = c.id)
    or not exists (select 1 from client_prefixes x where x.practice_id = c.practice_id and x.client_id = c.id)
    or not exists (select 1 from activities a where a.practice_id = c.practice_id and a.client_id = c.id and a.kind = 'client.added')
    or not exists (select 1 from audit_entries a where a.practice_id = c.practice_id and a.client_id = c.id and a.action = 'client.added')";

pub fn file(ground: &Ground, name: &str) -> PathBuf {
    ground
        .folder
        .path()
        .parent()
        .expect("a parent")
        .join(format!("{}-{name}", ground.folder.path().file_name().expect("a name").to_string_lossy()))
}

/// A backup file that goes with its test.
pub struct Kept(pub PathBuf);

impl Kept {
    pub fn new(ground: &Ground, name: &str) -> Kept {
        Kept(file(ground, name))
    }

    pub fn text(&self) -> &str {
        self.0.to_str().expect("a text")
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub fn said(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub fn copy_key(from: &Ground, to: &Ground) {
    let name = "secret.key";
    std::fs::copy(from.folder.path().join(name), to.folder.path().join(name)).expect("the key");
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

/// A request whose redirects are not followed: status, where to, and the cookie that was set.
fn step(method: &str, url: &str, cookie: &str, body: &str) -> (u16, String, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie)
        .body(body.to_string())
        .expect("a request");
    let answer = agent.run(request).expect("an answer");
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_string();
    let cookie = header("set-cookie").split(';').next().unwrap_or_default().to_string();
    (answer.status().as_u16(), header("location"), cookie)
}

fn signs_in(setting: &Setting) -> bool {
    let form = format!("email=olive%40example.org&password={}", PASSWORD.replace(' ', "+"));
    let (status, to, cookie) = step("POST", &setting.url("/sign-in"), "", &form);
    status == 303 && !to.contains("sign-in") && !cookie.is_empty()
}

fn api(setting: &Setting, token: &str, path: &str) -> Json {
    let (status, text) = http("GET", &setting.url(path), &[("authorization", &format!("Bearer {token}"))], "");
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// Whether the link of an invitation leads to the page where a password is created.
fn opens(setting: &Setting, path: &str) -> bool {
    let (status, to, cookie) = step("GET", &setting.url(path), "", "");
    if status != 303 {
        return false;
    }
    let page = http("GET", &setting.url(&to), &[("cookie", &cookie)], "");
    page.0 == 200 && page.1.contains("name=\"password\"")
}

/// The path of the link in the one mail that is kept.
fn link(folder: &Path) -> String {
    loop {
        let mails = std::fs::read_dir(folder.join("mail")).into_iter().flatten().flatten().map(|e| e.path());
        if let Some(path) = mails.into_iter().find(|p| p.extension().is_some_and(|e| e == "eml")) {
            let mail = testkit::parse_mail(&std::fs::read_to_string(path).expect("a mail"));
            let at = mail.text.find("/invitation/").expect("a link");
            return mail.text[at..].split_whitespace().next().expect("a link").to_string();
        }
        std::thread::yield_now();
    }
}

/// Adds clients from eight sides until it is told to stop; notes each that was acknowledged, by id.
struct Load<'a> {
    server: &'a Server,
    token: &'a str,
    number: AtomicUsize,
    stop: AtomicBool,
    acknowledged: Mutex<BTreeMap<String, String>>,
}

impl Load<'_> {
    fn run(&self) {
        while !self.stop.load(Ordering::SeqCst) {
            let n = self.number.fetch_add(1, Ordering::SeqCst);
            let email = format!("n{n}@example.org");
            let body = json!({"first_name": "Ana", "last_name": format!("Nº{n} ”ü”"), "email": email});
            let (status, text) = self.server.add_client(self.token, &body);
            assert_eq!(status, 201, "{text}");
            let added: Json = serde_json::from_str(&text).expect("JSON");
            let id = added["id"].as_str().expect("an id").to_string();
            self.acknowledged.lock().expect("acks").insert(id, email);
        }
    }

    fn so_far(&self) -> BTreeMap<String, String> {
        self.acknowledged.lock().expect("acks").clone()
    }
}

fn backup_under_load(from: Engine, to: Engine) {
    let (ground, other) = (Ground::new(from), Ground::new(to));
    let kept = Kept::new(&ground, "load.backup");
    let setting = ground.setting().with("RUH_UNDO_SECONDS", "0");
    let token = setting.practice();
    let server = setting.serve();
    server.invite(&token, "first@example.org");
    let invitation = link(ground.folder.path());
    assert!(signs_in(&setting), "a session that must not come back");
    let load = Load {
        server: &server,
        token: &token,
        number: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        acknowledged: Mutex::new(BTreeMap::new()),
    };
    let before = std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| load.run());
        }
        while load.so_far().len() < 40 {
            std::thread::yield_now();
        }
        // On a busy machine a backup of so little may end before the next request does: then it is made once more.
        let beside = (0..10).find_map(|_| {
            std::fs::remove_file(kept.text()).ok();
            let before = load.so_far();
            let made = setting.run(&["backup", kept.text()], "");
            let went_on = load.so_far().len() > before.len();
            (went_on || !made.status.success()).then_some((before, made))
        });
        load.stop.store(true, Ordering::SeqCst);
        let (before, made) = beside.expect("requests go on beside a backup");
        assert!(made.status.success(), "{}", said(&made));
        assert!(said(&made).contains("The key is not in it"), "{}", said(&made));
        before
    });
    copy_key(&ground, &other);
    let target = other.setting().with("RUH_UNDO_SECONDS", "3600");
    let restored = target.run(&["restore", kept.text()], "");
    assert!(restored.status.success(), "{}", said(&restored));
    assert!(said(&restored).contains("audit record is whole"), "{}", said(&restored));
    let rows = other.raw.rows("select id, email from clients");
    let there: BTreeMap<String, String> =
        rows.into_iter().map(|row| (row[0].clone().expect("an id"), row[1].clone().expect("an address"))).collect();
    let lost: Vec<_> = before.iter().filter(|(id, email)| there.get(&id.replace('-', "")) != Some(email)).collect();
    assert!(lost.is_empty(), "acknowledged before its start and not there: {lost:?}");
    assert_eq!(other.raw.count(TORN), 0, "one moment: no verb is there by half");
    assert_eq!(other.raw.count("select count(*) from sessions"), 0, "nobody is signed in");
    assert_eq!(other.raw.count("select count(*) from audit_entries where action = 'installation.restored'"), 1);
    let second = target.serve();
    for path in before.keys().take(5).map(|id| format!("/api/v1/clients/{id}")) {
        assert_eq!(api(&target, &token, &path), api(&setting, &token, &path));
    }
    let found = api(&target, &token, "/api/v1/clients?search=n1@exam");
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "the index is there: {found}");
    assert!(signs_in(&target), "with the password of before");
    assert!(opens(&target, &invitation), "a link that was mailed before still opens");
    // Another last letter: of one that is an A already, an E.
    let (most, last) = invitation.split_at(invitation.len() - 1);
    let other_link = format!("{most}{}", if last == "A" { "E" } else { "A" });
    assert!(!opens(&target, &other_link), "and no other");
    second.invite(&token, "later@example.org");
    assert_eq!(second.stop(), Some(0));
    let verified = target.run(&["audit", "verify"], "");
    assert!(verified.status.success(), "{}", said(&verified));
    assert_eq!(server.stop(), Some(0));
    for ground in [&ground, &other] {
        let unknown: Vec<_> = names(ground.folder.path())
            .into_iter()
            .filter(|name| name != "secret.key" && !KNOWN.contains(&name.as_str()))
            .collect();
        assert!(unknown.is_empty(), "say in src/backup whether a backup takes {unknown:?}");
    }
}

#[test]
fn r58_backup_under_load_sqlite() {
    backup_under_load(Engine::Sqlite, Engine::Sqlite);
}

#[test]
fn r58_backup_under_load_postgres() {
    backup_under_load(Engine::Postgres, Engine::Postgres);
}

#[test]
fn r58_a_practice_outgrows_sqlite() {
    backup_under_load(Engine::Sqlite, Engine::Postgres);
}

#[test]
fn r58_and_may_come_back() {
    backup_under_load(Engine::Postgres, Engine::Sqlite);
}

/// A backup of a small practice, and one that is sealed.
fn two_backups(ground: &Ground) -> (Kept, Kept) {
    let setting = ground.setting().with("RUH_UNDO_SECONDS", "3600");
    let token = setting.practice();
    let server = setting.serve();
    let note =
        json!({"first_name": "Ana", "last_name": "Zwetschgenbaum", "email": "ana@example.org", "note": "Kirschholz"});
    assert_eq!(server.add_client(&token, &note).0, 201);
    assert_eq!(server.stop(), Some(0));
    let (open, sealed) = (Kept::new(ground, "open.backup"), Kept::new(ground, "sealed.backup"));
    let made = setting.run(&["backup", open.text()], "");
    assert!(made.status.success(), "{}", said(&made));
    let made = setting.run(&["backup", sealed.text(), "--passphrase-stdin"], PASSPHRASE);
    assert!(made.status.success(), "{}", said(&made));
    (open, sealed)
}

fn is_empty(ground: &Ground, engine: Engine) -> bool {
    match engine {
        Engine::Sqlite => !ground.folder.path().join("ruh.db").exists(),
        Engine::Postgres => {
            let tables = "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'";
            ground.raw.count(tables) == 0
        }
    }
}

/// Restores, and wants to be refused with these words and with nothing changed.
fn refused(target: &Ground, engine: Engine, backup: &Kept, passphrase: Option<&str>, words: &str) {
    let before = names(target.folder.path());
    let mut arguments = vec!["restore", backup.text()];
    arguments.extend(passphrase.map(|_| "--passphrase-stdin"));
    let tried = target.setting().run(&arguments, passphrase.unwrap_or_default());
    assert_eq!(tried.status.code(), Some(1), "{}", said(&tried));
    assert!(said(&tried).contains(words), "wanted {words:?}: {}", said(&tried));
    assert_eq!(names(target.folder.path()), before, "{words}");
    assert!(is_empty(target, engine), "{words}");
}

fn refusals(engine: Engine) {
    let ground = Ground::new(engine);
    let (open, sealed) = two_backups(&ground);
    let target = Ground::new(engine);
    refused(&target, engine, &open, None, "does not hold the key");
    refused(&target, engine, &sealed, None, "--passphrase-stdin");
    refused(&target, engine, &sealed, Some("a long walk by the see"), "passphrase is wrong");
    copy_key(&ground, &target);
    for backup in [&open, &sealed] {
        let bytes = std::fs::read(&backup.0).expect("the backup");
        let broken = Kept::new(&ground, "broken.backup");
        for length in [0, 1, 40, 200, bytes.len() / 2, bytes.len() - 65, bytes.len() - 1] {
            std::fs::write(&broken.0, &bytes[..length]).expect("writing");
            refused(&target, engine, &broken, Some(PASSPHRASE), "");
        }
        for at in [3, 25, 300, bytes.len() / 2, bytes.len() - 70, bytes.len() - 40, bytes.len() - 5] {
            let mut altered = bytes.clone();
            altered[at] ^= 4;
            std::fs::write(&broken.0, altered).expect("writing");
            refused(&target, engine, &broken, Some(PASSPHRASE), "");
        }
        std::fs::write(&broken.0, [&bytes[..], b"x"].concat()).expect("writing");
        refused(&target, engine, &broken, Some(PASSPHRASE), "altered");
    }
    std::fs::write(target.folder.path().join("secret.key"), "ab".repeat(32)).expect("another key");
    refused(&target, engine, &open, None, "is not the one");
    refused(&target, engine, &sealed, Some(PASSPHRASE), "is not the one");
    copy_key(&ground, &target);
    std::fs::write(target.folder.path().join("letter.txt"), "x").expect("writing");
    refused(&target, engine, &open, None, "letter.txt");
    std::fs::remove_file(target.folder.path().join("letter.txt")).expect("removing");
    // After all that it still goes.
    let restored = target.setting().run(&["restore", open.text()], "");
    assert!(restored.status.success(), "{}", said(&restored));
    // Into what is there already it does not, neither here nor from an empty folder.
    let again = target.setting().run(&["restore", open.text()], "");
    assert!(!again.status.success() && said(&again).contains("not empty"), "{}", said(&again));
    let empty = tempfile::tempdir().expect("a folder");
    std::fs::copy(target.folder.path().join("secret.key"), empty.path().join("secret.key")).expect("the key");
    let again = Setting::new(empty.path(), &target.raw.url()).run(&["restore", open.text()], "");
    assert!(!again.status.success(), "{}", said(&again));
    assert_eq!(target.raw.count("select count(*) from clients"), 1);
    assert_eq!(names(empty.path()), BTreeSet::from(["secret.key".to_string()]));
}

#[test]
fn r58_what_is_cut_altered_or_not_ours_is_refused_sqlite() {
    refusals(Engine::Sqlite);
}

#[test]
fn r58_what_is_cut_altered_or_not_ours_is_refused_postgres() {
    refusals(Engine::Postgres);
}

#[test]
fn r60_a_sealed_backup_says_nothing_and_brings_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let ground = Ground::new(Engine::Sqlite);
    let (open, sealed) = two_backups(&ground);
    let key = std::fs::read_to_string(ground.folder.path().join("secret.key")).expect("the key");
    let has = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|part| part == what);
    // What is compressed begins with this, and could be unpacked by anybody.
    let packed = [0x28, 0xb5, 0x2f, 0xfd];
    let (open_bytes, bytes) = (std::fs::read(&open.0).expect("read"), std::fs::read(&sealed.0).expect("read"));
    assert!(has(&open_bytes, &packed) && !has(&bytes, &packed));
    for clear in ["Zwetschgenbaum", "Kirschholz", "ana@example.org", key.trim(), PASSPHRASE] {
        assert!(!has(&bytes, clear.as_bytes()), "{clear}");
    }
    for kept in [&open, &sealed] {
        assert_eq!(std::fs::metadata(&kept.0).expect("the file").permissions().mode() & 0o777, 0o600);
    }
    let target = Ground::new(Engine::Sqlite);
    let restored = target.setting().run(&["restore", sealed.text(), "--passphrase-stdin"], PASSPHRASE);
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(std::fs::read_to_string(target.folder.path().join("secret.key")).expect("the key").trim(), key.trim());
    assert_eq!(target.raw.count("select count(*) from clients where last_name = 'Zwetschgenbaum'"), 1);
    // An open backup never holds it.
    let unpacked = zstd::decode_all(&open_bytes[open_bytes.windows(4).position(|p| p == packed).expect("there")..]);
    let content = unpacked.unwrap_or_default();
    assert!(!has(&content, key.trim().as_bytes()));
    let short = ground.setting().run(&["backup", "/nowhere/x", "--passphrase-stdin"], "short");
    assert!(said(&short).contains("at least 12"), "{}", said(&short));
}

#[test]
fn a_backup_never_replaces_a_file_and_needs_its_folder() {
    let ground = Ground::new(Engine::Sqlite);
    let (open, _sealed) = two_backups(&ground);
    let before = std::fs::read(&open.0).expect("the backup");
    let again = ground.setting().run(&["backup", open.text()], "");
    assert!(!again.status.success() && said(&again).contains("is there already"), "{}", said(&again));
    assert!(std::fs::read(&open.0).expect("the backup") == before);
    let nowhere = ground.setting().run(&["backup", "/nowhere/at/all.backup"], "");
    assert!(!nowhere.status.success() && said(&nowhere).contains("/nowhere/at"), "{}", said(&nowhere));
    // Nor is anything made where there is no installation.
    let empty = tempfile::tempdir().expect("a folder");
    let other = Kept::new(&ground, "other.backup");
    let setting = Setting::new(empty.path(), &format!("sqlite:{}", empty.path().join("ruh.db").display()));
    let wrong = setting.run(&["backup", other.text()], "");
    assert!(!wrong.status.success() && said(&wrong).contains("secret.key"), "{}", said(&wrong));
    assert!(!other.0.exists() && names(empty.path()).is_empty());
}

/// A mail that waited when the backup was made may have left since: it is held until somebody decides.
fn held(engine: Engine) {
    let ground = Ground::new(engine);
    let (open, _sealed) = two_backups(&ground);
    let target = Ground::new(engine);
    copy_key(&ground, &target);
    let smtp = Smtp::start(&[]);
    let setting = target.setting().with("RUH_SMTP_URL", &smtp.url()).with("RUH_UNDO_SECONDS", "0");
    let restored = setting.run(&["restore", open.text()], "");
    assert!(said(&restored).contains("They are held"), "{}", said(&restored));
    assert!(said(&setting.run(&["outbox"], "")).contains("1  held"));
    let token = setting.token();
    let server = setting.serve();
    server.invite(&token, "new@example.org");
    let mails = smtp.wait(1);
    assert!(mails[0].to_string().contains("new@example.org"), "{}", mails[0]);
    assert_eq!(target.raw.count("select count(*) from jobs where state = 'held'"), 1);
    let released = setting.run(&["outbox", "release"], "");
    assert!(said(&released).contains("1 released"), "{}", said(&released));
    let mails = smtp.wait(2);
    assert_eq!(mails.len(), 2);
    assert!(mails[1].to_string().contains("ana@example.org"), "{}", mails[1]);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn r58_a_restored_copy_sends_no_mail_twice_sqlite() {
    held(Engine::Sqlite);
}

#[test]
fn r58_a_restored_copy_sends_no_mail_twice_postgres() {
    held(Engine::Postgres);
}

#[test]
fn both_databases_give_a_backup_the_same_tables() {
    let tables = |engine| {
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
            let t = runtime.block_on(async move { TestApp::new(engine) });
            let url = t.raw.url();
            let found = std::thread::spawn(move || Snapshot::open(&url).and_then(|mut s| s.tables()));
            // A column of a type that backups do not know is an error here.
            let tables = found.join().expect("a thread").expect("tables");
            drop(t);
            tables
        })
        .join()
        .expect("a thread")
    };
    let (lite, postgres) = (tables(Engine::Sqlite), tables(Engine::Postgres));
    assert!(lite.len() > 20 && lite.iter().any(|t| t.name == "clients"));
    assert_eq!(lite, postgres);
}
