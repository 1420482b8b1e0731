//! Mail as it was kept in the folder: parsed as far as tests ask.

use std::path::Path;

#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub message_id: String,
    /// The whole mail as it stands in the file.
    pub raw: String,
    /// The plain text, decoded.
    pub text: String,
    /// The HTML, decoded.
    pub html: String,
}

impl Mail {
    /// The link that the mail asks to open.
    pub fn link(&self) -> String {
        let link = self.text.split_whitespace().find(|word| word.starts_with("http://localhost:8080/"));
        link.unwrap_or_else(|| panic!("no link in {}", self.text)).to_string()
    }
}

pub fn in_folder(folder: &Path) -> Vec<Mail> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "eml")).collect();
    // Names are ids that grow with time.
    paths.sort();
    paths.iter().map(|path| parse(&std::fs::read_to_string(path).expect("a mail"))).collect()
}

/// Parses a mail as our mailer writes it.
pub fn parse(raw: &str) -> Mail {
    let (head, body) = raw.split_once("\r\n\r\n").expect("head and body");
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let field = |name: &str| {
        let line = unfolded.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_string()
    };
    // A text may have lines that begin with two hyphens: only the boundary itself parts.
    let boundary = unfolded.split_once("boundary=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
    let boundary = format!("--{}", boundary.expect("a boundary"));
    let part = |kind: &str| {
        let found = body.split(&boundary).find(|part| part.contains(&format!("Content-Type: {kind}")));
        let found = found.unwrap_or_else(|| panic!("no {kind} part"));
        let (head, body) = found.split_once("\r\n\r\n").expect("a part's head");
        decode(head, body)
    };
    Mail {
        to: field("To:"),
        subject: field("Subject:"),
        message_id: field("Message-ID:"),
        text: part("text/plain"),
        html: part("text/html"),
        raw: raw.to_string(),
    }
}

fn decode(head: &str, body: &str) -> String {
    let bytes = if head.contains("quoted-printable") {
        quoted_printable::decode(body, quoted_printable::ParseMode::Robust).expect("quoted-printable")
    } else if head.contains("base64") {
        use base64::Engine as _;
        let plain: String = body.split_whitespace().collect();
        base64::engine::general_purpose::STANDARD.decode(plain).expect("base64")
    } else {
        body.as_bytes().to_vec()
    };
    String::from_utf8(bytes).expect("UTF-8")
}
