//! The daily copies: at their hour, by one server, kept by age; a failure is counted and tried again.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use testkit::ruh::app::{App, Shared};
use testkit::ruh::backup::daily;
use testkit::{TestApp, both_engines, json};

const HOUR: Duration = Duration::from_secs(3600);

/// Whether a copy was made now.
async fn look(app: &Shared) -> bool {
    let made = daily::run_if_due(app, &Arc::new(AtomicBool::new(false))).await;
    made.expect("a copy, or none due").is_some()
}

fn copies(t: &TestApp) -> BTreeSet<String> {
    let entries = std::fs::read_dir(t.folder().join("backups")).into_iter().flatten();
    entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

async fn metric(t: &TestApp, name: &str) -> String {
    let text = t.browser().get("/metrics").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name}: {text}")).to_string()
}

/// A second server on the same database and clock.
fn another(t: &TestApp) -> Shared {
    App::open(t.app.config.clone(), t.app.clock.clone()).expect("another server")
}

both_engines! {
    async fn r58_a_copy_is_made_at_its_hour_by_one_of_several_servers(t: TestApp) {
        let other = another(&t);
        // The clock shows 15:00; nothing is known yet.
        assert!(!look(&t.app).await && !look(&other).await);
        t.advance(11 * HOUR - Duration::from_secs(1));
        assert!(!look(&t.app).await, "01:59:59");
        t.advance(Duration::from_secs(1));
        let never = AtomicBool::new(false);
        let never = Arc::new(never);
        let (first, second) = tokio::join!(daily::run_if_due(&t.app, &never), daily::run_if_due(&other, &never));
        let made = [first.expect("no error"), second.expect("no error")].into_iter().flatten().count();
        assert_eq!(made, 1, "one of the two");
        assert_eq!(copies(&t), BTreeSet::from(["ruh-20260303-020000.backup".to_string()]));
        assert!(!look(&t.app).await && !look(&other).await, "once a day");
        // A server that was off makes up for it, once.
        t.advance(40 * HOUR);
        assert!(look(&other).await);
        assert!(!look(&t.app).await);
        assert_eq!(copies(&t).len(), 2);
        assert_eq!(metric(&t, "ruh_backup_newest_seconds").await, "1772647200");
        assert_eq!(metric(&t, "ruh_backups_failed_total").await, "0");
    }

    async fn r58_copies_are_kept_by_age_and_nothing_else_is_touched(t: TestApp) {
        look(&t.app).await;
        let folder = t.folder().join("backups");
        std::fs::create_dir_all(folder.join("ruh-20200101-020000.backup.d")).expect("a folder");
        let foreign = ["letter.txt", "ruh.backup", "ruh-2020.backup", "my-20200101-020000.backup"];
        for name in foreign {
            std::fs::write(folder.join(name), "not ours").expect("writing");
        }
        // As if they were old: copies of each day of January, and one that a server left half written.
        for day in 1..=31 {
            std::fs::write(folder.join(format!("ruh-202601{day:02}-020000.backup")), "old").expect("writing");
        }
        std::fs::write(folder.join("ruh-20260115-020000.backup.unfinished"), "half").expect("writing");
        t.advance(12 * HOUR);
        assert!(look(&t.app).await);
        let left: BTreeSet<String> = copies(&t).into_iter().filter(|name| name.starts_with("ruh-202")).collect();
        let wanted = [
            // The weeks that end on 18 and 25 January; six days before the newest; the newest.
            "ruh-20260118-020000.backup",
            "ruh-20260125-020000.backup",
            "ruh-20260126-020000.backup",
            "ruh-20260127-020000.backup",
            "ruh-20260128-020000.backup",
            "ruh-20260129-020000.backup",
            "ruh-20260130-020000.backup",
            "ruh-20260131-020000.backup",
            "ruh-20260303-030000.backup",
        ];
        for name in wanted {
            assert!(left.contains(name), "{name}: {left:?}");
        }
        assert!(!left.contains("ruh-20260110-020000.backup") && !left.contains("ruh-20260115-020000.backup.unfinished"));
        for name in foreign {
            assert!(folder.join(name).exists(), "{name}");
        }
        assert!(folder.join("ruh-20200101-020000.backup.d").is_dir());
    }

    async fn r58_a_copy_that_fails_is_counted_and_tried_again(t: TestApp) {
        look(&t.app).await;
        let folder: PathBuf = t.folder().join("backups");
        std::fs::write(&folder, "in the way").expect("writing");
        t.advance(12 * HOUR);
        let failed = daily::run_if_due(&t.app, &Arc::new(AtomicBool::new(false))).await;
        assert!(failed.is_err_and(|e| e.to_string().contains("RUH_BACKUP_DIR")));
        assert_eq!(metric(&t, "ruh_backups_failed_total").await, "1");
        assert_eq!(t.browser().get("/readyz").await.status, 200, "people work on");
        assert!(!look(&t.app).await, "not at once");
        std::fs::remove_file(&folder).expect("removing");
        t.advance(Duration::from_secs(60));
        assert!(look(&another(&t)).await, "by any server");
        assert_eq!(copies(&t).len(), 1);
    }

    async fn r58_a_copy_that_is_given_up_leaves_nothing_and_its_turn(t: TestApp) {
        look(&t.app).await;
        let practice = t.practice("Calm Harbour").await;
        t.client(&practice, json!({})).await;
        t.advance(12 * HOUR);
        let stopped = daily::run_if_due(&t.app, &Arc::new(AtomicBool::new(true))).await;
        assert!(stopped.is_err());
        assert!(copies(&t).is_empty(), "{:?}", copies(&t));
        assert_eq!(metric(&t, "ruh_backups_failed_total").await, "0", "stopping is no failure");
        assert!(look(&another(&t)).await, "the next server does not wait for a lease");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r58_daily_copies_can_be_switched_off_and_sealed() {
    let engine = testkit::ruh::db::Engine::Sqlite;
    let off = TestApp::with(engine, |settings| settings.backup_hour = Some("off".into()));
    look(&off.app).await;
    off.advance(48 * HOUR);
    assert!(!look(&off.app).await);
    let sealed = TestApp::with(engine, |settings| {
        settings.backup_hour = Some("16".into());
        settings.backup_passphrase = Some("a long walk by the sea".into());
    });
    look(&sealed.app).await;
    sealed.advance(HOUR);
    assert!(look(&sealed.app).await);
    let name = copies(&sealed).into_iter().next().expect("a copy");
    let bytes = std::fs::read(sealed.folder().join("backups").join(name)).expect("the copy");
    assert!(String::from_utf8_lossy(&bytes[..300]).contains("\"salt\""));
}
