//! docs/security.md, the account of OWASP ASVS 5.0: every item once, with tests that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How many items each section of the chapters has.
const SECTIONS: &[(&str, u32)] = &[
    ("6.1", 3),
    ("6.2", 12),
    ("6.3", 8),
    ("6.4", 6),
    ("6.5", 8),
    ("6.6", 4),
    ("6.7", 2),
    ("6.8", 4),
    ("7.1", 3),
    ("7.2", 4),
    ("7.3", 2),
    ("7.4", 5),
    ("7.5", 3),
    ("7.6", 2),
    ("8.1", 4),
    ("8.2", 4),
    ("8.3", 3),
    ("8.4", 2),
    ("14.1", 2),
    ("14.2", 8),
    ("14.3", 3),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn account() -> String {
    std::fs::read_to_string(root().join("docs/security.md")).unwrap()
}

/// The rows of the tables whose first cell is an item: number, level, and what is said of it.
fn items(text: &str) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let is_item = cells[0].split('.').count() == 3 && cells[0].chars().all(|c| c.is_ascii_digit() || c == '.');
        if is_item {
            assert_eq!(cells.len(), 4, "{line}");
            all.push((cells[0].to_string(), cells[1].to_string(), cells[3].to_string()));
        }
    }
    all
}

/// What is written as `file::name`.
fn tests_named(text: &str) -> Vec<(String, String)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter_map(|q| q.split_once("::").map(|(file, name)| (file.to_string(), name.to_string()))).collect()
}

/// Why a named test is none, if so.
fn missing(file: &str, name: &str) -> Option<String> {
    let path = if file.starts_with("src/") { root().join(file) } else { root().join("tests").join(file) };
    let Ok(text) = std::fs::read_to_string(path) else {
        return Some(format!("no file {file}"));
    };
    let starts = if file.ends_with(".spec.ts") {
        vec![format!("test('{name}'")]
    } else {
        vec![format!("fn {name}("), format!("fn {name}<")]
    };
    (!starts.iter().any(|start| text.contains(start.as_str()))).then(|| format!("no test {name} in {file}"))
}

#[test]
fn every_item_stands_in_the_account_once() {
    let mut counted = BTreeMap::new();
    for (item, level, _) in items(&account()) {
        assert!(["1", "2", "3"].contains(&level.as_str()), "{item}: level {level}");
        *counted.entry(item).or_insert(0) += 1;
    }
    let wanted: BTreeSet<String> =
        SECTIONS.iter().flat_map(|(section, count)| (1..=*count).map(move |n| format!("{section}.{n}"))).collect();
    let there: BTreeSet<String> = counted.keys().cloned().collect();
    assert_eq!(there, wanted);
    assert!(counted.values().all(|count| *count == 1), "{counted:?}");
}

#[test]
fn what_is_held_names_its_tests_and_they_exist() {
    let text = account();
    for (item, _, said) in items(&text) {
        let named = !tests_named(&said).is_empty();
        match said.split("**").nth(1) {
            Some("Held" | "Part") => assert!(named, "{item} names no test: {said}"),
            Some("Written") => assert!(said.contains("](#") && !named, "{item}: {said}"),
            Some("Open" | "Not here") => assert!(!named, "{item}: a test of what is not there: {said}"),
            other => panic!("{item}: {other:?}"),
        }
        for anchor in said.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
            let titles = text.lines().filter_map(|line| line.strip_prefix("## "));
            let known = titles.map(|title| title.to_lowercase().replace(' ', "-")).any(|title| title == anchor);
            assert!(known, "{item}: no part #{anchor}");
        }
    }
    let tests = tests_named(&text);
    assert!(tests.len() > 50, "{}", tests.len());
    let problems: Vec<_> = tests.iter().filter_map(|(file, name)| missing(file, name)).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    // What is not there is seen.
    assert!(missing("doors/sessions.rs", "r14_nothing_of_this_name").is_some());
    assert!(missing("doors/nothing.rs", "x").is_some());
    assert!(missing("browser/story.spec.ts", "nothing of this name").is_some());
}

/// ASVS 14.3.3: nothing about anybody stays in the browser's own storage, but answers that wait for a connection, sealed
/// with a key that is not kept there.
#[test]
fn what_browsers_keep_is_two_preferences_and_what_is_sealed() {
    let mut kept = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("web/js")).unwrap().map(Result::unwrap) {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let file = entry.file_name().to_string_lossy().into_owned();
        if file == "kept.js" {
            assert!(text.contains("'AES-GCM'") && text.contains("subtle.encrypt"), "{file} seals what it keeps");
            assert_eq!(text.matches(".setItem(").count(), 1, "in one place");
            assert!(text.contains("this.store.setItem(this.nameOf(entry), [iv, sealed]"), "and nothing else");
            continue;
        }
        for other in ["sessionStorage", "indexedDB", "document.cookie", "caches.", "serviceWorker"] {
            assert!(!text.contains(other), "{file} uses {other}");
        }
        if text.contains("localStorage") {
            // Names of what is stored all begin alike.
            kept.extend(text.split('\'').filter(|part| part.starts_with("ruh-")).map(str::to_string));
            let only = ["keys.js", "boot.js"].contains(&file.as_str());
            assert!(only, "{file} stores something: is it about anybody?");
        }
    }
    assert_eq!(kept, BTreeSet::from(["ruh-blur".to_string(), "ruh-single-keys".to_string()]));
}
