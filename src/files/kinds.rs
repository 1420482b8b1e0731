//! Which kinds of files are taken: a file's name says by its ending what it is, and its first bytes have to agree. What
//! the browser says of it counts for nothing.

/// A kind of file.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Without the dot; the first is the one that is kept.
    endings: &'static [&'static str],
    /// Media type, as it is served.
    pub media: &'static str,
    /// May be shown by the browser; everything else is a download.
    pub shown: Shown,
    looks: Looks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// A picture, in which nothing can run.
    Inline,
    Download,
}

#[derive(Debug, PartialEq, Eq)]
enum Looks {
    /// Begins with one of these.
    Begins(&'static [&'static [u8]]),
    /// So many bytes, and then these.
    At(usize, &'static [&'static [u8]]),
    /// Somewhere in the first 1,024 bytes, as readers of PDF take it.
    Near(&'static [u8]),
    Webp,
    /// A zip whose first part is called so, or says so.
    Zip(&'static [&'static [u8]]),
    /// An MP3 without a tag begins with the mark of a frame.
    Mp3,
    Text,
}

const fn picture(endings: &'static [&'static str], media: &'static str, looks: Looks) -> Kind {
    Kind { endings, media, shown: Shown::Inline, looks }
}

const fn other(endings: &'static [&'static str], media: &'static str, looks: Looks) -> Kind {
    Kind { endings, media, shown: Shown::Download, looks }
}

const OLE: Looks = Looks::Begins(&[b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]);
/// The parts that Word and Excel write first; other programs keep to them.
const OOXML: Looks = Looks::Zip(&[b"[Content_Types].xml", b"_rels/", b"docProps/", b"word/", b"xl/"]);

static KINDS: [Kind; 17] = [
    other(&["pdf"], "application/pdf", Looks::Near(b"%PDF-")),
    picture(&["png"], "image/png", Looks::Begins(&[b"\x89PNG\r\n\x1a\n"])),
    picture(&["jpg", "jpeg"], "image/jpeg", Looks::Begins(&[b"\xff\xd8\xff"])),
    picture(&["gif"], "image/gif", Looks::Begins(&[b"GIF87a", b"GIF89a"])),
    picture(&["webp"], "image/webp", Looks::Webp),
    other(
        &["heic", "heif"],
        "image/heic",
        Looks::At(4, &[b"ftypheic", b"ftypheix", b"ftypheim", b"ftyphevc", b"ftypmif1", b"ftypmsf1"]),
    ),
    other(&["txt"], "text/plain; charset=utf-8", Looks::Text),
    other(&["csv"], "text/csv; charset=utf-8", Looks::Text),
    other(&["rtf"], "application/rtf", Looks::Begins(&[b"{\\rtf"])),
    other(&["doc"], "application/msword", OLE),
    other(&["docx"], "application/vnd.openxmlformats-officedocument.wordprocessingml.document", OOXML),
    other(&["xls"], "application/vnd.ms-excel", OLE),
    other(&["xlsx"], "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", OOXML),
    other(
        &["odt"],
        "application/vnd.oasis.opendocument.text",
        Looks::Zip(&[b"mimetypeapplication/vnd.oasis.opendocument.text"]),
    ),
    other(
        &["ods"],
        "application/vnd.oasis.opendocument.spreadsheet",
        Looks::Zip(&[b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"]),
    ),
    other(&["mp3"], "audio/mpeg", Looks::Mp3),
    other(&["m4a"], "audio/mp4", Looks::At(4, &[b"ftypM4A ", b"ftypM4B ", b"ftypmp4", b"ftypisom", b"ftypdash"])),
];

/// So many first bytes are enough to know a file by.
pub const LOOKED_AT: usize = 4_096;

impl Kind {
    /// The kind that a name's ending says.
    pub fn of_name(name: &str) -> Option<&'static Kind> {
        let (stem, ending) = name.rsplit_once('.')?;
        let ending = ending.to_ascii_lowercase();
        KINDS.iter().find(|kind| !stem.is_empty() && kind.endings.contains(&ending.as_str()))
    }

    /// The kind that is kept under an ending.
    pub fn kept(ending: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.ending() == ending)
    }

    /// As it is kept and shown: `pdf`.
    pub fn ending(&self) -> &'static str {
        self.endings[0]
    }

    /// Whether the first bytes are of this kind.
    pub fn fits(&self, first: &[u8]) -> bool {
        match &self.looks {
            Looks::Begins(marks) => marks.iter().any(|mark| first.starts_with(mark)),
            Looks::At(at, marks) => first.get(*at..).is_some_and(|rest| marks.iter().any(|m| rest.starts_with(m))),
            Looks::Near(mark) => first[..first.len().min(1_024)].windows(mark.len()).any(|part| part == *mark),
            Looks::Webp => first.starts_with(b"RIFF") && first.get(8..12) == Some(b"WEBP"),
            Looks::Zip(parts) => {
                // Thirty bytes, then the name of the first part, and what is in it.
                let named = first.get(30..).unwrap_or_default();
                first.starts_with(b"PK\x03\x04") && parts.iter().any(|part| named.starts_with(part))
            }
            Looks::Mp3 => first.starts_with(b"ID3") || matches!(first, [0xff, second, ..] if second & 0xe6 == 0xe2),
            Looks::Text => is_text(first),
        }
    }
}

/// No file that begins like one of the other kinds, and nothing in it that text has not. Text in an old encoding is text.
fn is_text(first: &[u8]) -> bool {
    let utf16 = first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff");
    let odd = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    if utf16 {
        return true;
    }
    let markup = first.trim_ascii_start().to_ascii_lowercase();
    // What browsers would take for a page is none of ours, whatever its name.
    let page = [&b"<!doctype"[..], b"<html", b"<script", b"<svg", b"<?xml"].iter().any(|tag| markup.starts_with(tag));
    !first.iter().any(odd) && !page && !first.starts_with(b"%PDF-")
}

/// The endings that are taken, as a file field's `accept` wants them.
pub fn accept() -> String {
    let all: Vec<String> = KINDS.iter().flat_map(|kind| kind.endings).map(|ending| format!(".{ending}")).collect();
    all.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[(&str, &[u8])] = &[
        ("a.pdf", b"%PDF-1.7\n"),
        ("a.PDF", b"\n\n%PDF-1.4"),
        ("a.png", b"\x89PNG\r\n\x1a\n...."),
        ("a.jpg", b"\xff\xd8\xff\xe0"),
        ("a.jpeg", b"\xff\xd8\xff\xe1"),
        ("a.gif", b"GIF89a"),
        ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 "),
        ("a.heic", b"\0\0\0\x18ftypheic\0"),
        ("a.txt", "Notes, naïve and plain\r\n\tfin".as_bytes()),
        ("a.txt", b"caf\xe9"),
        ("a.txt", b"\xff\xfeh\0i\0"),
        ("a.csv", b"a,b\n1,2\n"),
        ("a.rtf", b"{\\rtf1"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("a.docx", b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaa[Content_Types].xml"),
        ("a.xlsx", b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaa_rels/.rels"),
        ("a.odt", b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaamimetypeapplication/vnd.oasis.opendocument.text"),
        ("a.mp3", b"ID3\x04"),
        ("a.mp3", b"\xff\xfb\x90"),
        ("a.m4a", b"\0\0\0\x20ftypM4A \0"),
    ];

    #[test]
    fn a_name_and_the_first_bytes_have_to_agree() {
        for (name, first) in GOOD {
            let kind = Kind::of_name(name).unwrap_or_else(|| panic!("{name}"));
            assert!(kind.fits(first), "{name} {first:?}");
            assert_eq!(Kind::kept(kind.ending()), Some(kind));
        }
        for (name, first) in [
            ("a.pdf", &b"MZ\x90\0"[..]),
            ("a.png", b"\xff\xd8\xff\xe0"),
            ("a.jpg", b"<html>"),
            ("a.txt", b"MZ\x90\0\x03"),
            ("a.txt", b"  <!DOCTYPE html>"),
            ("a.txt", b"<svg onload=alert(1)>"),
            ("a.csv", b"\x7fELF\x02\x01\x01\0"),
            ("a.docx", b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaevil.exe"),
            ("a.odt", b"PK\x03\x04"),
            ("a.webp", b"RIFF\x10\0\0\0WAVE"),
            ("a.mp3", b"\xff\xd8\xff"),
            ("a.heic", b"\0\0"),
        ] {
            assert!(!Kind::of_name(name).unwrap().fits(first), "{name} {first:?}");
        }
    }

    #[test]
    fn what_has_no_known_ending_is_of_no_kind() {
        for name in ["", "a", ".pdf", "pdf", "a.exe", "a.html", "a.svg", "a.pdf.js", "a.pdf ", "a.", "..", "a.pdf/"] {
            assert!(Kind::of_name(name).is_none(), "{name}");
        }
        assert!(accept().starts_with(".pdf,.png,.jpg,.jpeg,"));
    }

    #[test]
    fn only_pictures_are_shown() {
        let shown: Vec<_> = KINDS.iter().filter(|k| k.shown == Shown::Inline).map(Kind::ending).collect();
        assert_eq!(shown, ["png", "jpg", "gif", "webp"]);
    }
}
