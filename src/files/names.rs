//! Names of files as people gave them: what of them is kept, and how they are said in a header.

use unicode_normalization::UnicodeNormalization;

/// Characters of a name, with its ending.
pub const NAME_LIMIT: usize = 120;

/// Characters that make a name read in another way than it is: controls, turns of direction, and what no eye sees.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}')
}

/// The name under which an uploaded file is kept: its last part, without what hides, cut in the middle where it is too
/// long. Nothing: it climbs out of its folder, or nothing is left of it.
pub fn uploaded(raw: &str) -> Option<String> {
    let mut parts = raw.split(['/', '\\']);
    if parts.clone().any(|part| matches!(part.trim(), ".." | ".")) {
        return None;
    }
    let name: String = parts.next_back()?.nfc().filter(|c| !hides(*c)).collect();
    let name = name.trim();
    if name.is_empty() || name.starts_with('.') {
        return None;
    }
    if name.chars().count() <= NAME_LIMIT {
        return Some(name.to_string());
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.chars().count() <= 10)?;
    let stem: String = name.chars().take(NAME_LIMIT - ending.chars().count() - 1).collect();
    Some(format!("{}.{ending}", stem.trim_end()))
}

/// A name that somebody typed for a file that is here, with the ending of its kind. Nothing: it is none, or too long.
pub fn typed(text: &str, ending: &str, endings_fit: impl Fn(&str) -> bool) -> Option<String> {
    let name: String = text.trim().nfc().collect();
    if name.is_empty() || name.starts_with('.') || name.chars().any(|c| hides(c) || matches!(c, '/' | '\\')) {
        return None;
    }
    let name = if endings_fit(&name) { name } else { format!("{name}.{ending}") };
    (name.chars().count() <= NAME_LIMIT).then_some(name)
}

/// `Content-Disposition` with a name (RFC 6266, RFC 5987): once in letters that every program knows, once as it is.
pub fn disposition(way: &str, name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    let mut whole = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            whole.push(char::from(byte));
        } else {
            whole.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{way}; filename=\"{ascii}\"; filename*=UTF-8''{whole}")
}

/// A size as people read it.
pub fn size_said(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} KB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r33_of_a_name_its_last_part_is_kept_and_nothing_that_climbs() {
        let cases = [
            ("letter.pdf", Some("letter.pdf")),
            ("C:\\fakepath\\letter.pdf", Some("letter.pdf")),
            ("/etc/letter.pdf", Some("letter.pdf")),
            ("../letter.pdf", None),
            ("a/../letter.pdf", None),
            ("..\\letter.pdf", None),
            ("..", None),
            ("", None),
            ("/", None),
            (".htaccess", None),
            ("  letter.pdf ", Some("letter.pdf")),
            ("a\r\nSet-Cookie: x.pdf", Some("aSet-Cookie: x.pdf")),
            ("a\u{202e}fdp.exe", Some("afdp.exe")),
            ("مرخصی.pdf", Some("مرخصی.pdf")),
        ];
        for (raw, kept) in cases {
            assert_eq!(uploaded(raw).as_deref(), kept, "{raw:?}");
        }
        let long = uploaded(&format!("{}.pdf", "é".repeat(400))).unwrap();
        assert_eq!((long.chars().count(), long.ends_with("é.pdf")), (NAME_LIMIT, true));
        assert_eq!(uploaded(&"x".repeat(400)), None);
    }

    #[test]
    fn a_typed_name_keeps_the_ending() {
        let fits = |name: &str| name.ends_with(".pdf");
        let typed = |text: &str| typed(text, "pdf", fits);
        assert_eq!(typed("Letter"), Some("Letter.pdf".into()));
        assert_eq!(typed(" Letter.pdf "), Some("Letter.pdf".into()));
        assert_eq!(typed("Letter.exe"), Some("Letter.exe.pdf".into()));
        for bad in ["", "  ", "../x", "a/b", "a\nb", "a\u{202e}b", ".pdf", &"x".repeat(117)] {
            assert_eq!(typed(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn no_name_gets_out_of_its_header() {
        let said = disposition("attachment", "a\"b; x=y\r\nName: é.pdf");
        assert_eq!(
            said,
            "attachment; filename=\"a_b_ x_y__Name_ _.pdf\"; filename*=UTF-8''a%22b%3B%20x%3Dy%0D%0AName%3A%20%C3%A9.pdf"
        );
        assert!(axum::http::HeaderValue::from_str(&said).is_ok());
    }

    #[test]
    fn sizes_are_said_as_people_read_them() {
        let said = [999, 1_000, 1_001, 999_999, 1_000_000, 26_214_400].map(size_said);
        assert_eq!(said, ["999 bytes", "1 KB", "2 KB", "1000 KB", "1.0 MB", "26.2 MB"]);
    }
}
