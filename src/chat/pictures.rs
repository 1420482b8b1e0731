//! Takes out of a picture what says where and when it was taken. Which way up it is stays: a phone writes that beside the
//! place. What cannot be read as a picture of its kind is refused.

use futures_util::StreamExt;

use crate::app::Shared;
use crate::error::{Error, Result};
use crate::files::Stored;

/// A picture without its place, stored anew in the place of the one that came; anything else as it is. Nothing: it is no
/// such picture.
pub async fn cleaned(app: &Shared, stored: &Stored) -> Result<Option<Stored>> {
    let clean: fn(&[u8]) -> Option<Vec<u8>> = match stored.kind.ending() {
        "jpg" => jpeg,
        "png" => png,
        "webp" => webp,
        "heic" => heic,
        _ => return Ok(Some(stored.clone())),
    };
    let mut bytes = Vec::new();
    let mut pieces = Box::pin(app.files.read(stored.id, stored.key, stored.size).await?);
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    let cleaned = tokio::task::spawn_blocking(move || clean(&bytes));
    let Some(bytes) = cleaned.await.map_err(|e| Error::internal(e.to_string()))? else { return Ok(None) };
    let id = app.ids.new_id();
    let key = app.files.keep(id, &bytes).await?;
    app.files.remove(stored.id).await?;
    Ok(Some(Stored { id, key, size: bytes.len() as u64, ..stored.clone() }))
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// Segments up to the end of the picture, without those of cameras (APP1, APP13), comments and further pictures.
fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.get(..2)?.to_vec();
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            // Padding before a marker.
            0xff => at += 1,
            0xd9 => {
                out.extend_from_slice(&[0xff, 0xd9]);
                return Some(out);
            }
            0x01 | 0xd0..=0xd8 => return None,
            _ => {
                let length = usize::from(be16(bytes, at + 2)?);
                let segment = bytes.get(at..at + 2 + length).filter(|_| length >= 2)?;
                at += segment.len();
                match marker {
                    0xe1 => out.extend(way_up(segment)),
                    0xe2 if segment.get(4..8) == Some(b"MPF\0") => {}
                    0xed | 0xfe => {}
                    _ => out.extend_from_slice(segment),
                }
                if marker == 0xda {
                    let end = scan_end(bytes, at)?;
                    out.extend_from_slice(&bytes[at..end]);
                    at = end;
                }
            }
        }
    }
}

/// Where the drawn lines end and the next marker stands.
fn scan_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xff)?;
        match bytes.get(at + 1)? {
            0x00 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

/// A segment that says nothing but which way up a picture is; nothing where it is upright.
fn way_up(segment: &[u8]) -> Vec<u8> {
    let tiff = segment.get(10..).filter(|_| segment.get(4..10) == Some(b"Exif\0\0"));
    match tiff.and_then(|tiff| Tiff::new(tiff)?.orientation()) {
        Some(way @ 2..=8) => {
            let mut out = vec![0xff, 0xe1, 0, 34];
            out.extend_from_slice(b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01");
            out.extend_from_slice(&[0, way, 0, 0, 0, 0, 0, 0]);
            out
        }
        _ => Vec::new(),
    }
}

/// The head of what cameras write, in either order of bytes.
struct Tiff<'t> {
    bytes: &'t [u8],
    is_big: bool,
}

impl Tiff<'_> {
    fn new(bytes: &[u8]) -> Option<Tiff<'_>> {
        match bytes.get(..4)? {
            b"MM\0\x2a" => Some(Tiff { bytes, is_big: true }),
            b"II\x2a\0" => Some(Tiff { bytes, is_big: false }),
            _ => None,
        }
    }

    fn short(&self, at: usize) -> Option<usize> {
        let two: [u8; 2] = self.bytes.get(at..at + 2)?.try_into().ok()?;
        Some(usize::from(if self.is_big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) }))
    }

    fn long(&self, at: usize) -> Option<usize> {
        let four: [u8; 4] = self.bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(if self.is_big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }).ok()
    }

    /// Where the entries of a directory stand.
    fn entries(&self, directory: usize) -> Vec<usize> {
        let count = self.short(directory).unwrap_or(0).min(500);
        (0..count).map(|n| directory + 2 + 12 * n).filter(|at| at + 12 <= self.bytes.len()).collect()
    }

    fn entry(&self, directory: usize, tag: usize) -> Option<usize> {
        self.entries(directory).into_iter().find(|at| self.short(*at) == Some(tag))
    }

    fn orientation(&self) -> Option<u8> {
        let entry = self.entry(self.long(4)?, 0x0112)?;
        u8::try_from(self.short(entry + 8)?).ok()
    }

    /// The bytes that say where: the entries of the directory of places, and what they point to.
    fn places(&self) -> Option<Vec<(usize, usize)>> {
        const SIZES: [usize; 13] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];
        let directory = self.long(self.entry(self.long(4)?, 0x8825)? + 8)?;
        let mut found = Vec::new();
        for entry in self.entries(directory) {
            let size = SIZES.get(self.short(entry + 2)?).copied().unwrap_or(0).saturating_mul(self.long(entry + 4)?);
            if size > 4 {
                found.push((self.long(entry + 8)?, size));
            }
            found.push((entry, 12));
        }
        Some(found)
    }
}

fn chunk_is_kept(kind: &[u8]) -> bool {
    !matches!(kind, b"eXIf" | b"tEXt" | b"zTXt" | b"iTXt" | b"tIME")
}

fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.get(..8)?.to_vec();
    let mut at = 8;
    loop {
        let length = usize::try_from(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?)).ok()?;
        let chunk = bytes.get(at..at.checked_add(length)?.checked_add(12)?)?;
        let kind = &chunk[4..8];
        if chunk_is_kept(kind) {
            out.extend_from_slice(chunk);
        }
        if kind == b"IEND" {
            return Some(out);
        }
        at += chunk.len();
    }
}

fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.get(..12)?.to_vec();
    let mut at = 12;
    while at + 8 <= bytes.len() {
        let kind = bytes.get(at..at + 4)?;
        let length = usize::try_from(u32::from_le_bytes(bytes.get(at + 4..at + 8)?.try_into().ok()?)).ok()?;
        let end = at.checked_add(8)?.checked_add(length)?.checked_add(length % 2)?;
        // The last one may lack its padding.
        let chunk = bytes.get(at..end.min(bytes.len())).filter(|chunk| chunk.len() >= 8 + length)?;
        if !matches!(kind, b"EXIF" | b"XMP ") {
            let start = out.len();
            out.extend_from_slice(chunk);
            if kind == b"VP8X" {
                // It no longer has either.
                *out.get_mut(start + 8)? &= !0x0c;
            }
        }
        at = end;
    }
    let size = u32::try_from(out.len().checked_sub(8)?).ok()?.to_le_bytes();
    out.get_mut(4..8)?.copy_from_slice(&size);
    Some(out)
}

/// Heads that are tried before a file is refused: a camera writes one.
const HEADS: usize = 64;
/// Bytes that say where, at most: what cameras write takes less than one.
const PLACES: usize = 64 * 1024;

/// Its parts point at each other by where they stand: what says where is overwritten in place, and so is what is said in
/// words (XMP). Nothing where it cannot be found for certain.
fn heic(bytes: &[u8]) -> Option<Vec<u8>> {
    let items = exif_items(bytes);
    let mut out = bytes.to_vec();
    if items > 1 || !without_words(&mut out) {
        return None;
    }
    let Some(head) = head(bytes)? else { return (items == 0).then_some(out) };
    let places = head.places().unwrap_or_default();
    if places.iter().fold(0_usize, |sum, (_, size)| sum.saturating_add(*size)) > PLACES {
        return None;
    }
    let start = bytes.len() - head.bytes.len();
    for (at, size) in places {
        let end = start.saturating_add(at).saturating_add(size).min(out.len());
        if let Some(part) = out.get_mut(start.saturating_add(at)..end) {
            part.fill(0);
        }
    }
    Some(out)
}

/// Leaves spaces where a packet of words stood. `false`: a place is still said in it.
fn without_words(bytes: &mut [u8]) -> bool {
    const BEGIN: &[u8] = b"<x:xmpmeta";
    const END: &[u8] = b"</x:xmpmeta>";
    let (mut ends, mut after) = (found(bytes, END).peekable(), 0);
    let mut packets = Vec::new();
    for begin in found(bytes, BEGIN).filter(|begin| *begin >= after).collect::<Vec<_>>() {
        while ends.next_if(|end| *end < begin).is_some() {}
        let Some(end) = ends.next() else { return false };
        after = end + END.len();
        packets.push((begin, after));
    }
    drop(ends);
    for (begin, end) in packets {
        bytes[begin..end].fill(b' ');
    }
    found(bytes, b":GPS").next().is_none()
}

fn found<'b>(bytes: &'b [u8], what: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
    bytes.windows(what.len()).enumerate().filter(move |(_, part)| *part == what).map(|(at, _)| at)
}

/// How many entries of its table of contents say that they are a camera's. The number of an item is short or long.
fn exif_items(bytes: &[u8]) -> usize {
    let is_exif = |at: &usize| [12, 14].iter().any(|after| bytes.get(at + after..at + after + 4) == Some(b"Exif"));
    found(bytes, b"infe").filter(is_exif).count()
}

/// The first head of a camera that can be read. In an item it comes after how far away it is: six bytes of a name, or
/// none. Errors: there are too many to try them.
fn head(bytes: &[u8]) -> Option<Option<Tiff<'_>>> {
    let is_head = |at: &usize| {
        let before = bytes.get(..*at).unwrap_or_default();
        before.ends_with(b"Exif\0\0") || before.ends_with(&[0; 4])
    };
    let starts = bytes.windows(4).enumerate().filter(|(_, four)| matches!(*four, b"MM\0\x2a" | b"II\x2a\0"));
    for (tried, at) in starts.map(|(at, _)| at).filter(is_head).enumerate() {
        if tried == HEADS {
            return None;
        }
        let tiff = Tiff::new(&bytes[at..]).filter(|tiff| tiff.long(4).is_some_and(|at| !tiff.entries(at).is_empty()));
        if tiff.is_some() {
            return Some(tiff);
        }
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a camera writes: which way up, and a place.
    fn tiff(way: u8) -> Vec<u8> {
        let mut all = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
        all.extend_from_slice(&[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, way, 0, 0]);
        all.extend_from_slice(&[0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]);
        all.extend_from_slice(&[0, 0, 0, 0, 0, 1]);
        all.extend_from_slice(&[0, 2, 0, 2, 0, 0, 0, 9, 0, 0, 0, 54, 0, 0, 0, 0]);
        all.extend_from_slice(b"52.370216");
        all
    }

    fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], content].concat()
    }

    fn picture(way: u8) -> Vec<u8> {
        let exif = segment(0xe1, &[b"Exif\0\0".as_slice(), &tiff(way)].concat());
        let scan = [segment(0xda, &[1, 2, 3]), vec![9, 0xff, 0, 8, 0xff, 0xd0, 7]].concat();
        let end = [0xff, 0xd9].to_vec();
        let parts = [vec![0xff, 0xd8], segment(0xe0, b"JFIF\0"), exif, segment(0xfe, b"52.370216"), scan, end];
        [parts.concat(), b"after it 52.370216".to_vec()].concat()
    }

    fn says_where(bytes: &[u8]) -> bool {
        bytes.windows(9).any(|part| part == b"52.370216")
    }

    #[test]
    fn a_picture_keeps_which_way_up_it_is_and_not_where_it_was_taken() {
        assert!(says_where(&picture(6)));
        let clean = jpeg(&picture(6)).unwrap();
        assert!(!says_where(&clean));
        let at = clean.windows(6).position(|part| part == b"Exif\0\0").unwrap();
        assert_eq!(Tiff::new(&clean[at + 6..]).unwrap().orientation(), Some(6));
        assert_eq!(jpeg(&clean).unwrap(), clean, "what is clean stays as it is");
        let upright = jpeg(&picture(1)).unwrap();
        assert!(!upright.windows(4).any(|part| part == b"Exif"));
        assert!(upright.ends_with(&[7, 0xff, 0xd9]));
    }

    #[test]
    fn other_pictures_too() {
        let chunk = |kind: &[u8], content: &[u8]| {
            [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], kind, content, &[0; 4]].concat()
        };
        let head = b"\x89PNG\r\n\x1a\n".to_vec();
        let whole = [head.clone(), chunk(b"IHDR", b"x"), chunk(b"eXIf", &tiff(1)), chunk(b"IEND", b"")].concat();
        assert_eq!(png(&whole).unwrap(), [head, chunk(b"IHDR", b"x"), chunk(b"IEND", b"")].concat());
        let riff = |kind: &[u8], content: &[u8]| {
            [kind, &u32::try_from(content.len()).unwrap().to_le_bytes()[..], content].concat()
        };
        let parts =
            [riff(b"VP8X", &[0x0c; 10]), riff(b"EXIF", &[tiff(1), vec![0]].concat()), riff(b"VP8 ", b"xy")].concat();
        let whole = [b"RIFF\0\0\0\0WEBP".to_vec(), parts].concat();
        let clean = webp(&whole).unwrap();
        assert!(!says_where(&clean) && clean[20] == 0 && clean.ends_with(b"xy"), "{clean:?}");
        let whole = [b"\0\0\0\x18ftypheic".to_vec(), b"Exif\0\0".to_vec(), tiff(3), b"rest".to_vec()].concat();
        let clean = heic(&whole).unwrap();
        assert!(!says_where(&clean) && clean.len() == whole.len() && clean.ends_with(b"rest"));
    }

    /// An entry of a table of contents.
    fn item(kind: &[u8]) -> Vec<u8> {
        [b"\0\0\0\x15infe\x02\0\0\0\0\x01\0\0".as_slice(), kind, b"\0"].concat()
    }

    #[test]
    fn a_phones_picture_is_cleaned_for_certain_or_refused() {
        let of = |parts: &[&[u8]]| heic(&[&[b"\0\0\0\x18ftypheic".as_slice()], parts].concat().concat());
        let (exif, far) = (item(b"Exif"), [0_u8; 4]);
        // The head stands right there, without its name.
        let clean = of(&[&exif, &far, &tiff(6), b"rest"]).unwrap();
        assert!(!says_where(&clean) && clean.ends_with(b"rest"));
        assert!(of(&[&item(b"hvc1"), b"drawn"]).is_some(), "nothing of a camera");
        assert!(of(&[&exif, b"nothing that can be read"]).is_none());
        assert!(of(&[&exif, &exif, &far, &tiff(6)]).is_none(), "one of two would stay");
        let words = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:li exif:GPSLatitude='52.370216'/></x:xmpmeta>";
        let clean = of(&[&exif, &far, &tiff(6), &item(b"mimeXMP\0application/rdf+xml"), words, b"rest"]).unwrap();
        assert!(!says_where(&clean) && clean.ends_with(b"rest"));
        assert!(of(&[&item(b"hvc1"), &words[..40]]).is_none(), "cut short");
        assert!(of(&[&item(b"hvc1"), b"<rdf:RDF exif:GPSLatitude='1'/>"]).is_none(), "not where it belongs");
        // More than any camera says of a place.
        let mut large = tiff(6);
        large[44..48].copy_from_slice(&70_000_u32.to_be_bytes());
        assert!(of(&[&exif, &far, &large]).is_none());
    }

    #[test]
    fn r26_a_file_full_of_heads_is_no_work() {
        assert!(heic(&b"Exif\0\0MM\0\x2a\xff\xff\xff\xff".repeat(500_000)).is_none());
        // Each says that there is much to overwrite: the first is taken.
        let one = [b"Exif\0\0".as_slice(), &tiff(1)].concat();
        assert!(heic(&one.repeat(50_000)).is_some());
    }

    proptest! {
        #[test]
        fn r26_no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0_usize..120) {
            for clean in [jpeg, png, webp] {
                let _ = clean(&bytes);
            }
            let _ = heic(&[b"Exif\0\0MM\0\x2a".as_slice(), &bytes].concat());
            let whole = picture(6);
            let _ = jpeg(&whole[..cut.min(whole.len())]);
        }
    }
}
