//! Killed in the middle of a backup or of a restore: nothing that is half looks whole, and a second try goes through.

use std::path::Path;

use testkit::ruh::db::Engine;

use crate::backup::{Kept, copy_key, said};
use crate::support::{Ground, Setting};

fn length(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|file| file.len())
}

/// Enough that a backup is written in several pieces.
fn crowded(ground: &Ground) -> Setting {
    let setting = ground.setting();
    let made = setting.run(&["demo", "--crowd", "1500"], "");
    assert!(made.status.success(), "{}", said(&made));
    setting
}

fn killed_while_backing_up(engine: Engine) {
    let ground = Ground::new(engine);
    let setting = crowded(&ground);
    let kept = Kept::new(&ground, "killed.backup");
    let half = kept.0.with_added_extension("unfinished");
    let mut killed = 0;
    for written in [0, 1, 60_000, 100_000] {
        let mut backup = setting.begin(&["backup", kept.text()], "");
        while length(&half).is_none_or(|length| length < written) && backup.try_wait().expect("a child").is_none() {
            std::thread::yield_now();
        }
        let _ = backup.kill();
        let ended = backup.wait().expect("an end");
        if ended.success() {
            std::fs::remove_file(&kept.0).expect("it was quicker");
            continue;
        }
        killed += 1;
        assert!(!kept.0.exists(), "no half file has the name of a whole one");
        // Nor is the half taken for one.
        let target = Ground::new(Engine::Sqlite);
        copy_key(&ground, &target);
        let tried = target.setting().run(&["restore", half.to_str().expect("a text")], "");
        assert!(!tried.status.success(), "{}", said(&tried));
    }
    assert!(killed >= 2, "{killed}");
    let made = setting.run(&["backup", kept.text()], "");
    assert!(made.status.success(), "{}", said(&made));
    assert!(kept.0.exists() && !half.exists(), "it took over what lay there");
}

#[test]
fn r58_killed_while_backing_up_sqlite() {
    killed_while_backing_up(Engine::Sqlite);
}

#[test]
fn r58_killed_while_backing_up_postgres() {
    killed_while_backing_up(Engine::Postgres);
}

/// A disk that is full in the middle: said plainly, and nothing is left.
#[test]
fn r58_a_full_disk_leaves_no_file() {
    let ground = Ground::new(Engine::Sqlite);
    let setting = crowded(&ground);
    let kept = Kept::new(&ground, "full.backup");
    // 200 kB a file at most, less than a backup and more than SQLite's index of its log; and the program is told of it
    // instead of being killed.
    let script = "trap '' XFSZ; ulimit -f 400; exec \"$0\" backup \"$1\"";
    let tried = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_ruh"), kept.text()])
        .env("RUH_DATA_DIR", &setting.folder)
        .env("RUH_DATABASE_URL", &setting.database)
        .env("RUH_LOG", "warn")
        .output()
        .expect("the binary");
    assert_eq!(tried.status.code(), Some(1), "{}", said(&tried));
    assert!(said(&tried).contains("could not be written"), "{}", said(&tried));
    assert!(!kept.0.exists() && !kept.0.with_added_extension("unfinished").exists());
    let made = setting.run(&["backup", kept.text()], "");
    assert!(made.status.success(), "{}", said(&made));
}

fn refuses_to_serve(setting: &Setting) {
    for command in ["serve", "migrate"] {
        let refused = setting.run(&[command], "");
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        assert!(said(&refused).contains("has not finished"), "{}", said(&refused));
    }
}

fn restored_in_the_end(setting: &Setting, kept: &Kept, target: &Ground) {
    let restored = setting.run(&["restore", kept.text()], "");
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(target.raw.count("select count(*) from clients"), 1_541);
    assert!(!target.folder.path().join("restore.unfinished").exists());
    assert_eq!(setting.serve().stop(), Some(0));
}

#[test]
fn r58_killed_while_restoring_sqlite() {
    let ground = Ground::new(Engine::Sqlite);
    let setting = crowded(&ground);
    let kept = Kept::new(&ground, "whole.backup");
    assert!(setting.run(&["backup", kept.text()], "").status.success());
    let target = Ground::new(Engine::Sqlite);
    copy_key(&ground, &target);
    let setting = target.setting();
    let (mark, filling) =
        (target.folder.path().join("restore.unfinished"), target.folder.path().join("ruh.db.restoring"));
    for written in [None, Some(0), Some(300_000), Some(1_000_000), Some(3_000_000)] {
        // What the one before has left must not be taken for this one's.
        let _ = std::fs::remove_file(&filling);
        let mut restore = setting.begin(&["restore", kept.text()], "");
        let is_there = || mark.exists() && written.is_none_or(|w| length(&filling).is_some_and(|length| length >= w));
        while !is_there() {
            assert!(restore.try_wait().expect("a child").is_none(), "it ended before {written:?}");
            std::thread::yield_now();
        }
        restore.kill().expect("a kill");
        restore.wait().expect("an end");
        assert!(!target.folder.path().join("ruh.db").exists(), "{written:?}");
        refuses_to_serve(&setting);
        let backup = setting.run(&["backup", "/nowhere/x"], "");
        assert!(said(&backup).contains("has not finished"), "{}", said(&backup));
    }
    restored_in_the_end(&setting, &kept, &target);
}

#[test]
fn r58_killed_while_restoring_postgres() {
    let ground = Ground::new(Engine::Sqlite);
    let setting = crowded(&ground);
    let kept = Kept::new(&ground, "whole.backup");
    assert!(setting.run(&["backup", kept.text()], "").status.success());
    let target = Ground::new(Engine::Postgres);
    copy_key(&ground, &target);
    let setting = target.setting();
    let begun = "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relname = ";
    // The mark, the tables, and rows on their way (COPY is seen by everybody).
    let moments = [
        format!("{begun}'restore_unfinished'"),
        format!("{begun}'bulk_items'"),
        "select count(*) from pg_stat_progress_copy where datname = current_database()".into(),
    ];
    for moment in moments {
        let mut restore = setting.begin(&["restore", kept.text()], "");
        // The tables that the one before has left go first; the mark comes and goes with them in one transaction.
        while target.raw.count(&moment) == 0 {
            assert!(restore.try_wait().expect("a child").is_none(), "it ended before {moment}");
        }
        restore.kill().expect("a kill");
        restore.wait().expect("an end");
        refuses_to_serve(&setting);
        // A server with a folder of its own finds the mark in the database.
        let elsewhere = tempfile::tempdir().expect("a folder");
        refuses_to_serve(&Setting::new(elsewhere.path(), &target.raw.url()));
    }
    restored_in_the_end(&setting, &kept, &target);
}
