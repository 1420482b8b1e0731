//! The house's own rules, read from its source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const SLICES: &[&str] = &[
    "accounts",
    "break_glass",
    "bulk",
    "care_team",
    "chat",
    "clients",
    "contacts",
    "demo",
    "desk",
    "documents",
    "flows",
    "forms",
    "group_settings",
    "groups",
    "home",
    "intake",
    "invitations",
    "invite_links",
    "members",
    "merging",
    "newsfeed",
    "portal",
    "portal_access",
    "practices",
    "public",
    "second_factor",
    "security",
    "settings",
    "timeline",
];
/// Rooms that belong to no feature. A new folder or file in src has to be named here or above.
const INFRASTRUCTURE: &[&str] = &[
    "access",
    "activities",
    "app",
    "assets",
    "audit",
    "backup",
    "bus",
    "cli",
    "clock",
    "config",
    "db",
    "error",
    "files",
    "identify",
    "ids",
    "jobs",
    "keys",
    "lib",
    "logging",
    "mail",
    "main",
    "metrics",
    "people",
    "practice",
    "routes",
    "secrets",
    "serve",
    "threads",
    "ui",
    "web",
    "whole_record",
    "words",
];

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every file under src with one of these endings: its path from src, and its text.
fn files(endings: &[&str]) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                walk(&entry.path(), found);
            } else {
                found.push(entry.path());
            }
        }
    }
    let mut found = Vec::new();
    walk(&src(), &mut found);
    found.sort();
    let wanted = |path: &PathBuf| endings.iter().any(|ending| path.extension().is_some_and(|e| e == *ending));
    let read = |path: PathBuf| {
        let name = path.strip_prefix(src()).unwrap().to_string_lossy().replace('\\', "/");
        (name, std::fs::read_to_string(&path).unwrap())
    };
    let all: Vec<_> = found.into_iter().filter(wanted).map(read).collect();
    assert!(!all.is_empty());
    all
}

/// The code of a file without its unit tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn room(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap()
}

/// Everything named after `crate::` in a file: `crate::a::b`, `use crate::{a, b::c};`.
fn named(code: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let ident = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    for rest in code.split("crate::").skip(1) {
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut item = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        all.insert(ident(item.trim()));
                        item.clear();
                        continue;
                    }
                    _ => {}
                }
                item.push(c);
            }
            all.insert(ident(item.trim()));
        } else {
            all.insert(ident(rest));
        }
    }
    all
}

fn slices_used() -> BTreeMap<String, BTreeSet<String>> {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in files(&["rs"]) {
        let room = room(&file);
        let known = SLICES.contains(&room) || INFRASTRUCTURE.contains(&room);
        assert!(known, "src/{file}: say in this test whether it is a slice");
        if SLICES.contains(&room) {
            let others = named(&code(&text)).into_iter().filter(|name| SLICES.contains(&name.as_str()) && name != room);
            used.entry(room.to_string()).or_default().extend(others);
        }
    }
    used
}

/// A way from a room back to itself.
fn cycle(used: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn walk(at: &str, way: &mut Vec<String>, used: &BTreeMap<String, BTreeSet<String>>) -> bool {
        if let Some(start) = way.iter().position(|name| name == at) {
            way.drain(..start);
            return true;
        }
        way.push(at.to_string());
        if used.get(at).is_some_and(|next| next.iter().any(|next| walk(next, way, used))) {
            return true;
        }
        way.pop();
        false
    }
    used.keys().find_map(|start| {
        let mut way = Vec::new();
        walk(start, &mut way, used).then_some(way)
    })
}

#[test]
fn slices_call_each_other_without_cycles() {
    let used = slices_used();
    assert!(used["clients"].contains("invitations"), "the reader of imports is blind: {used:?}");
    assert_eq!(cycle(&used), None);
    let mut with_cycle = used;
    with_cycle.get_mut("groups").unwrap().insert("clients".into());
    assert!(cycle(&with_cycle).is_some());
}

#[test]
fn queries_are_private_to_their_slice() {
    for (file, text) in files(&["rs"]) {
        let code = code(&text);
        assert!(!code.contains("pub mod queries") && !code.contains("pub(crate) mod queries"), "src/{file}");
        assert!(!code.contains("pub use queries"), "src/{file}");
        for slice in SLICES {
            assert!(!code.contains(&format!("crate::{slice}::queries")), "src/{file}");
        }
    }
}

#[test]
fn no_file_is_over_500_lines() {
    let long: Vec<_> = files(&["rs", "html"])
        .into_iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > 500)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn time_and_ids_come_from_the_app_only() {
    for (file, text) in files(&["rs"]) {
        if matches!(file.as_str(), "clock.rs" | "ids.rs") {
            continue;
        }
        for source in ["Instant::now(", "SystemTime::now(", "Timestamp::now(", "Zoned::now(", "now_v7(", "new_v4("] {
            assert!(!code(&text).contains(source), "src/{file} takes {source}…) for itself");
        }
    }
}

#[test]
fn templates_hold_no_script_and_no_style() {
    // The mail's HTML is for mail programs, which know inline styles only.
    for (file, text) in files(&["html"]).into_iter().filter(|(file, _)| !file.ends_with("mail.html")) {
        let problem = inline(&text);
        assert!(problem.is_none(), "src/{file}: {problem:?}");
    }
    for bad in [
        "<script>x</script>",
        "<p onclick=\"x\">",
        "<p\n  onload='x'>",
        "<p style=\"x\">",
        "<a href=\"javascript:x\">",
        "<style>",
    ] {
        assert!(inline(bad).is_some(), "{bad}");
    }
    assert!(inline("<script src=\"/assets/app.js\" defer></script><p data-once=\"1\">").is_none());
}

fn inline(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    for script in lower.split("<script").skip(1) {
        let (tag, content) = script.split_once('>')?;
        let body = content.split("</script").next().unwrap_or_default();
        if !tag.contains("src=") || !body.trim().is_empty() {
            return Some("a script in the page".into());
        }
    }
    if lower.contains("<style") || lower.contains("javascript:") {
        return Some("a style sheet or a script's address".into());
    }
    // Attributes: a name after white space and before `=`.
    lower.split_whitespace().find_map(|word| {
        let (name, _) = word.split_once('=')?;
        let handler = name.starts_with("on") && name.len() > 4 && name.bytes().all(|b| b.is_ascii_lowercase());
        (handler || name == "style").then(|| word.to_string())
    })
}

/// The keys of the Fluent files.
fn keys() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (file, text) in files(&["ftl"]) {
        for line in text.lines() {
            let Some((key, _)) = line.split_once('=') else { continue };
            if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                assert!(all.insert(key.trim().to_string()), "src/{file}: {key} stands twice");
            }
        }
    }
    all
}

/// Every text in quotes.
fn literals(text: &str) -> BTreeSet<String> {
    text.split('"').map(str::to_string).collect()
}

#[test]
fn every_text_that_is_asked_for_exists_and_none_is_left_over() {
    let keys = keys();
    assert!(keys.len() > 50);
    let mut asked = BTreeSet::new();
    let mut quoted = BTreeSet::new();
    for (file, text) in files(&["rs", "html"]) {
        let text = if file.ends_with(".rs") { code(&text) } else { text };
        quoted.extend(literals(&text));
        for call in [".t(", ".with("] {
            for rest in text.split(call).skip(1) {
                if let Some(literal) = rest.trim_start().strip_prefix('"') {
                    asked.insert((file.clone(), literal.split('"').next().unwrap().to_string()));
                }
            }
        }
        // `key()` says the message of an enum.
        for body in text.split("fn key(self)").skip(1) {
            let body = body.split("\n    }\n").next().unwrap();
            asked.extend(body.split('"').skip(1).step_by(2).map(|key| (file.clone(), key.to_string())));
        }
    }
    assert!(asked.len() > 80, "the reader of keys is blind: {}", asked.len());
    // A flash is named without its `done-`, perhaps with an id behind it.
    let flash = |key: &str| {
        key.strip_prefix("done-")
            .is_some_and(|name| quoted.iter().any(|q| q == name || q.starts_with(&format!("{name}:"))))
    };
    let titled =
        |key: &str| key.starts_with("error-") && key.strip_suffix("-title").is_some_and(|base| quoted.contains(base));
    let missing: Vec<_> = asked.iter().filter(|(_, key)| !keys.contains(key)).collect();
    assert!(missing.is_empty(), "no words for {missing:?}");
    let unused: Vec<_> = keys.iter().filter(|key| !quoted.contains(*key) && !flash(key) && !titled(key)).collect();
    assert!(unused.is_empty(), "nobody says {unused:?}");
}
