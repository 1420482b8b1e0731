//! The file before anything is made of it: how large, which kind, and small ways to look into it.

use serde_json::Value;

use super::url;

/// Bytes of a file.
pub const FILE_LIMIT: usize = 1024 * 1024;
/// Items of a file, those within others among them.
pub const ITEMS: usize = 1_000;
/// How deep items may lie within others.
pub const DEPTH: usize = 20;

/// The whole file as JSON. Errors: what is wrong, in words for whoever chose it.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    if bytes.len() > FILE_LIMIT {
        return Err("The file is too large: a questionnaire has 1 MB at most.".into());
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("The file is kept as UTF-16. Please save it as UTF-8 first.".into());
    }
    if bytes.starts_with(b"<") {
        return Err("This file is XML. Please take the questionnaire as JSON: the same program gives it, too.".into());
    }
    serde_json::from_slice(bytes).map_err(|_| "The file could not be read: it is no JSON.".into())
}

/// A text; empty: there is none.
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

pub fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

pub fn says(value: &Value, name: &str) -> bool {
    value[name].as_bool() == Some(true)
}

/// An extension of the standard.
pub fn extension<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    at(value, &url::hl7(name))
}

/// An extension of ours.
pub fn ours<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    at(value, &url::ours(name))
}

fn at<'v>(value: &'v Value, url: &str) -> Option<&'v Value> {
    list(value, "extension").iter().find(|one| text(one, "url") == url)
}

/// How an item is to be shown: `slider`, `help` … Empty: nothing is said.
pub fn control(item: &Value) -> &str {
    extension(item, "questionnaire-itemControl")
        .and_then(|found| list(&found["valueCodeableConcept"], "coding").iter().map(|one| text(one, "code")).next())
        .unwrap_or_default()
}

/// A whole number, however it is written.
pub fn whole(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "only what fits is taken")]
    let of_decimal = |number: f64| (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(of_decimal))
}

/// A number as a text: in plain decimal writing.
pub fn decimal(value: &Value) -> Option<String> {
    let number = value.as_f64().filter(|number| number.is_finite())?;
    Some(whole(value).map_or_else(|| number.to_string(), |whole| whole.to_string()))
}

/// A text as a number of JSON: whole where it can be.
pub fn number(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(whole) => whole.into(),
        Err(_) => super::super::number(text).map_or(Value::Null, Into::into),
    }
}

/// One of the values that FHIR calls value[x]: the rest of its name, and it.
pub fn choice_of<'v>(value: &'v Value, prefix: &str) -> Option<(&'v str, &'v Value)> {
    value.as_object()?.iter().find_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)))
}

/// As an id of ours: what does not fit becomes a line. Empty: there was nothing in it.
pub fn sound(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':');
    let sound: String = text.trim().chars().map(|c| if fits(c) { c } else { '-' }).take(60).collect();
    if super::super::is_id(text) {
        text.to_string()
    } else if sound.chars().all(|c| c == '-') {
        String::new()
    } else {
        sound
    }
}

/// A name that nothing has yet.
pub fn unlike(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = wanted.to_string();
    let mut n = 1;
    while is_taken(&name) {
        n += 1;
        name = format!("{wanted}-{n}");
    }
    name
}
