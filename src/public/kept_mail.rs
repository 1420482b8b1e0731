//! Reads mail that this program wrote and kept: whom it is for, its subject, and the text that the person would read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A mail as somebody would see it in their mail program.
#[derive(Debug, PartialEq, Eq)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// Only the few forms that our own mail takes; anything else shows as it stands in the file.
pub fn read(file: &str) -> Letter {
    let file = file.replace("\r\n", "\n");
    let (head, body) = file.split_once("\n\n").unwrap_or((&file, ""));
    // A long header goes on in the next line, which then begins with a blank.
    let head = head.replace("\n ", " ").replace("\n\t", " ");
    Letter { to: header(&head, "To"), subject: header(&head, "Subject"), text: plain_text(&head, body) }
}

fn raw<'h>(head: &'h str, name: &str) -> &'h str {
    let named = |line: &'h str| {
        line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    head.lines().find_map(named).unwrap_or_default()
}

fn header(head: &str, name: &str) -> String {
    let mut said = String::new();
    let mut encoded_before = false;
    for word in raw(head, name).split(' ') {
        let opened = encoded_word(word);
        // Between two encoded words the blank is only where the line was cut.
        let cut_here = encoded_before && opened.is_some();
        if !cut_here && !said.is_empty() {
            said.push(' ');
        }
        encoded_before = opened.is_some();
        said.push_str(opened.as_deref().unwrap_or(word));
    }
    said
}

fn encoded_word(word: &str) -> Option<String> {
    let letters = word.strip_prefix("=?utf-8?b?")?.strip_suffix("?=")?;
    String::from_utf8(STANDARD.decode(letters).ok()?).ok()
}

/// The first part is the plain text; the same as HTML follows it.
fn plain_text(head: &str, body: &str) -> String {
    let kind = raw(head, "Content-Type");
    let Some(mark) = kind.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next()) else {
        return body.trim().into();
    };
    let part = body.split(&format!("--{mark}")).nth(1).unwrap_or_default();
    let (head, text) = part.trim_start().split_once("\n\n").unwrap_or_default();
    let bytes = match raw(head, "Content-Transfer-Encoding") {
        "quoted-printable" => unquoted(text),
        "base64" => STANDARD.decode(text.replace('\n', "")).unwrap_or_default(),
        _ => text.as_bytes().to_vec(),
    };
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n").trim().to_string()
}

/// Quoted-printable: `=C3` is a byte, and a `=` at the end of a line says that the line goes on.
fn unquoted(text: &str) -> Vec<u8> {
    let text = text.replace("=\n", "");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = (*first == b'=').then(|| after.get(..2)).flatten();
        let byte = code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_mail_reads_as_its_reader_would_see_it() {
        let file = "From: \"Ruh Care\" <no-reply@localhost>\r\nTo: =?utf-8?b?QW5hIEzDs3Bleg==?= <ana@example.org>\r\n\
            Subject: Your\r\n invitation\r\nContent-Type: multipart/alternative;\r\n boundary=\"cut\"\r\n\r\n\
            --cut\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            Hello L=C3=B3pez,\r\nhttp://localhost/invitation/abc=\r\ndef?a=3D1\r\n\r\n--cut\r\n\r\n<p>\r\n--cut--\r\n";
        let letter = read(file);
        assert_eq!((letter.to.as_str(), letter.subject.as_str()), ("Ana López <ana@example.org>", "Your invitation"));
        assert_eq!(letter.text, "Hello López,\nhttp://localhost/invitation/abcdef?a=1");
    }

    #[test]
    fn a_file_that_is_no_mail_breaks_nothing() {
        for file in ["", "\n\n", "To:", "To: =?utf-8?b?!?=\n\n=", "Content-Type: x; boundary=\"\"\n\n--"] {
            read(file);
        }
        assert_eq!(unquoted("a=zz=C"), b"a=zz=C");
    }
}
