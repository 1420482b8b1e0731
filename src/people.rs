//! What people type about people: names, addresses, numbers, dates. Each is parsed at the edge, once, and says what is
//! wrong in words that can stand beside the field.

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;

/// Longest name or other single line that is kept, in characters.
pub const LINE_LIMIT: usize = 100;
/// Longest note, in characters.
pub const NOTE_LIMIT: usize = 5_000;
/// Longest e-mail address there can be (RFC 5321).
const EMAIL_LIMIT: usize = 254;

/// Why a text was refused; the words come from Fluent, because clients read them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Missing,
    TooLong,
    ControlCharacter,
    EmailShape,
    EmailDomain,
    EmailLetters,
    PhoneShape,
    DateShape,
    DateRange,
    TimeZone,
}

impl Refusal {
    /// The Fluent key of the message.
    pub fn key(self) -> &'static str {
        match self {
            Refusal::Missing => "field-missing",
            Refusal::TooLong => "field-too-long",
            Refusal::ControlCharacter => "field-control-character",
            Refusal::EmailShape => "field-email-shape",
            Refusal::EmailDomain => "field-email-domain",
            Refusal::EmailLetters => "field-email-letters",
            Refusal::PhoneShape => "field-phone-shape",
            Refusal::DateShape => "field-date-shape",
            Refusal::DateRange => "field-date-range",
            Refusal::TimeZone => "field-time-zone",
        }
    }
}

/// Characters that turn a line into two, or make a text read in another order than it is written. Joiners that Persian
/// and Urdu names need are not among them.
pub fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// One line of text: trimmed, composed (NFC); nothing if empty.
pub fn line(text: &str) -> Result<Option<String>, Refusal> {
    let text: String = text.trim().nfc().collect();
    if text.chars().any(is_forbidden) {
        return Err(Refusal::ControlCharacter);
    }
    match text.chars().count() {
        0 => Ok(None),
        n if n > LINE_LIMIT => Err(Refusal::TooLong),
        _ => Ok(Some(text)),
    }
}

/// A line that must not be empty.
pub fn name(text: &str) -> Result<String, Refusal> {
    line(text)?.ok_or(Refusal::Missing)
}

/// Several lines; line ends are normalised.
pub fn note(typed: &str) -> Result<Option<String>, Refusal> {
    text(typed, NOTE_LIMIT)
}

/// Several lines of so many characters at most; nothing if empty.
pub fn text(text: &str, limit: usize) -> Result<Option<String>, Refusal> {
    let text: String = text.replace("\r\n", "\n").trim().nfc().collect();
    if text.chars().any(|c| is_forbidden(c) && c != '\n' && c != '\t') {
        return Err(Refusal::ControlCharacter);
    }
    match text.chars().count() {
        0 => Ok(None),
        n if n > limit => Err(Refusal::TooLong),
        _ => Ok(Some(text)),
    }
}

/// An e-mail address as it was typed, and the key under which it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    pub address: String,
    pub key: String,
}

impl Email {
    /// Errors: not an address, or one that mail cannot reach (no top-level domain).
    pub fn parse(text: &str) -> Result<Email, Refusal> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Refusal::Missing);
        }
        if text.chars().any(|c| is_forbidden(c) || c.is_whitespace()) {
            return Err(Refusal::EmailShape);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(Refusal::EmailShape)?;
        if !local.is_ascii() {
            return Err(Refusal::EmailLetters);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| Refusal::EmailDomain)?;
        let labels = domain.split('.').count();
        let top_is_letters =
            domain.rsplit('.').next().is_some_and(|top| top.len() >= 2 && !top.as_bytes()[0].is_ascii_digit());
        if labels < 2 || !top_is_letters {
            return Err(Refusal::EmailDomain);
        }
        let address = format!("{local}@{domain}");
        if address.len() > EMAIL_LIMIT {
            return Err(Refusal::TooLong);
        }
        if local.starts_with('"') || address.parse::<lettre::Address>().is_err() {
            return Err(Refusal::EmailShape);
        }
        Ok(Email { key: address.to_lowercase(), address })
    }

    /// An address read back from the database, where only parsed ones are.
    pub fn stored(address: String) -> Email {
        Email { key: address.to_lowercase(), address }
    }

    /// The key of whatever was typed at sign-in: something that is no address is simply unknown.
    pub fn loose_key(text: &str) -> String {
        Email::parse(text).map_or_else(
            |_| text.trim().to_lowercase().chars().filter(|c| !c.is_control()).take(EMAIL_LIMIT).collect(),
            |e| e.key,
        )
    }
}

/// A phone number in international form (E.164). Numbers without a country are read as of the practice's country.
pub fn phone(text: &str, zone: &str) -> Result<Option<String>, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    // An extension has no place in the international form: better refused than dropped in silence.
    if text.len() > 40 || text.chars().any(|c| is_forbidden(c) || c.is_alphabetic() || matches!(c, '#' | ';')) {
        return Err(Refusal::PhoneShape);
    }
    let number = phonenumber::parse(Some(country_of(zone)), text).map_err(|_| Refusal::PhoneShape)?;
    if !number.is_valid() {
        return Err(Refusal::PhoneShape);
    }
    Ok(Some(number.format().mode(phonenumber::Mode::E164).to_string()))
}

/// The country whose national numbers people in a time zone type. Only a default: with + any country goes.
fn country_of(zone: &str) -> phonenumber::country::Id {
    use phonenumber::country::Id;
    let zones: &[(&str, Id)] = &[
        ("Europe/London", Id::GB),
        ("Europe/Berlin", Id::DE),
        ("Europe/Paris", Id::FR),
        ("Europe/Madrid", Id::ES),
        ("Europe/Rome", Id::IT),
        ("Europe/Amsterdam", Id::NL),
        ("Europe/Vienna", Id::AT),
        ("Europe/Zurich", Id::CH),
        ("Europe/Dublin", Id::IE),
        ("Asia/Karachi", Id::PK),
        ("Asia/Kolkata", Id::IN),
        ("Asia/Dubai", Id::AE),
        ("Asia/Riyadh", Id::SA),
        ("Pacific/Auckland", Id::NZ),
    ];
    match zones.iter().find(|(name, _)| *name == zone) {
        Some((_, id)) => *id,
        None if zone.starts_with("Australia/") => Id::AU,
        None => Id::US,
    }
}

/// A phone number as people in its country write it, with the country in front.
pub fn phone_said(e164: &str) -> String {
    if let Some(said) = north_american(e164) {
        return said;
    }
    phonenumber::parse(None, e164)
        .map_or_else(|_| e164.to_string(), |n| n.format().mode(phonenumber::Mode::International).to_string())
}

/// North America's numbers have one shape: telling it by hand is much faster, and a list says fifty of them.
fn north_american(e164: &str) -> Option<String> {
    let digits = e164.strip_prefix("+1").filter(|rest| rest.len() == 10 && rest.bytes().all(|b| b.is_ascii_digit()))?;
    Some(format!("+1 {}-{}-{}", &digits[..3], &digits[3..6], &digits[6..]))
}

/// A birth date, YYYY-MM-DD: a real day, not in the future, not more than 130 years ago.
pub fn birth_date(text: &str, today: Date) -> Result<Option<Date>, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let shape = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date: Date = text.parse().ok().filter(|_| shape).ok_or(Refusal::DateShape)?;
    if date > today || date.year() < today.year() - 130 {
        return Err(Refusal::DateRange);
    }
    Ok(Some(date))
}

/// Somebody is a minor until they have this age.
const OF_AGE: i16 = 18;

/// Full years on a day. Whoever was born on 29 February has their birthday on 1 March of a year without one.
pub fn age(born: Date, today: Date) -> i16 {
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    today.year() - born.year() - i16::from(!had_birthday)
}

pub fn is_minor(born: Date, today: Date) -> bool {
    age(born, today) < OF_AGE
}

/// Whoever was born after this day is a minor on `today`.
pub fn of_age_since(today: Date) -> Date {
    let year = today.year() - OF_AGE;
    Date::new(year, today.month(), today.day()).or_else(|_| Date::new(year, 2, 28)).unwrap_or(today)
}

/// A time zone's name, as in Europe/Berlin.
pub fn time_zone(text: &str) -> Result<Option<String>, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let zone = jiff::tz::TimeZone::get(text).map_err(|_| Refusal::TimeZone)?;
    Ok(Some(zone.iana_name().ok_or(Refusal::TimeZone)?.to_string()))
}

/// The zones offered in lists.
pub fn time_zones() -> Vec<String> {
    let mut all: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .filter(|name| {
            name.contains('/') && !name.starts_with("Etc/") && !name.starts_with("posix") && !name.starts_with("right")
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// A text as it is searched and sorted: lower case, without accents, one space between words.
pub fn folded(text: &str) -> String {
    let plain: String = text
        .nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The initials of a name, as shown when names are blurred.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().next());
    let letters = words.next().into_iter().chain(words.next_back());
    letters.map(|c| format!("{c}.")).collect::<Vec<_>>().join(" ")
}

/// A text that mail programs do not turn into a link: a name may hold "evil.example" or "https://…".
pub fn unlinked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        out.push(c);
        if matches!(c, '.' | ':' | '/' | '@') {
            out.push('\u{2060}');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_north_american_number_is_said_by_hand_as_the_library_says_it() {
        for number in ["+12125550123", "+14165550123", "+18765550123", "+17875550123", "+18005550123"] {
            let parsed = phonenumber::parse(None, number).unwrap_or_else(|e| panic!("{e}"));
            let said = parsed.format().mode(phonenumber::Mode::International).to_string();
            assert_eq!(phone_said(number), said);
        }
        assert_eq!(north_american("+121255501"), None);
        assert_eq!(north_american("+4930901820"), None);
    }

    #[test]
    fn emails() {
        let good = [
            ("Ana@Example.org", "ana@example.org"),
            (" ana+therapy@example.co.uk ", "ana+therapy@example.co.uk"),
            ("o'neil@example.org", "o'neil@example.org"),
            ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ];
        for (text, key) in good {
            assert_eq!(Email::parse(text).map(|e| e.key), Ok(key.to_string()), "{text}");
        }
        let bad = [
            ("", Refusal::Missing),
            ("ana", Refusal::EmailShape),
            ("ana@example", Refusal::EmailDomain),
            ("ana@localhost", Refusal::EmailDomain),
            ("ana@1.2.3.4", Refusal::EmailDomain),
            ("ana@@example.org", Refusal::EmailShape),
            ("ana\r\nBcc: eve@evil.example@example.org", Refusal::EmailShape),
            ("Ana <ana@example.org>", Refusal::EmailShape),
            ("a b@example.org", Refusal::EmailShape),
            ("\"a b\"@example.org", Refusal::EmailShape),
            ("😀@example.org", Refusal::EmailLetters),
            ("ana@exa_mple.org", Refusal::EmailDomain),
        ];
        for (text, refusal) in bad {
            assert_eq!(Email::parse(text), Err(refusal), "{text:?}");
        }
        assert!(Email::parse(&format!("{}@example.org", "a".repeat(10_000))).is_err());
    }

    #[test]
    fn names() {
        assert_eq!(name("  Zoë  "), Ok("Zoë".into()));
        assert_eq!(name("مریم"), Ok("مریم".into()));
        assert_eq!(name("😀"), Ok("😀".into()));
        assert_eq!(name("   "), Err(Refusal::Missing));
        assert_eq!(name("a\nb"), Err(Refusal::ControlCharacter));
        assert_eq!(name("a\u{202e}b"), Err(Refusal::ControlCharacter));
        assert_eq!(name("a\0b"), Err(Refusal::ControlCharacter));
        assert_eq!(name(&"a".repeat(10_000)), Err(Refusal::TooLong));
    }

    #[test]
    fn phones() {
        let read = |text| phone(text, "America/New_York");
        assert_eq!(read("(212) 555-0123"), Ok(Some("+12125550123".into())));
        assert_eq!(read("+49 30 901820"), Ok(Some("+4930901820".into())));
        assert_eq!(phone("030 901820", "Europe/Berlin"), Ok(Some("+4930901820".into())));
        assert_eq!(read(""), Ok(None));
        for bad in ["123", "abc", "+1 212 555 0123 ext \n", "٠", "+999 1234567"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn birth_dates() {
        let today = jiff::civil::date(2026, 3, 1);
        assert_eq!(birth_date("2024-02-29", today), Ok(Some(jiff::civil::date(2024, 2, 29))));
        assert_eq!(birth_date("", today), Ok(None));
        for bad in ["2023-02-29", "1-1-2000", "2000/01/01", "yesterday", "2000-1-1"] {
            assert_eq!(birth_date(bad, today), Err(Refusal::DateShape), "{bad}");
        }
        for bad in ["2026-03-02", "1850-01-01"] {
            assert_eq!(birth_date(bad, today), Err(Refusal::DateRange), "{bad}");
        }
    }

    #[test]
    fn folding_and_unlinking() {
        assert_eq!(folded("  Müller  ÀNA "), "muller ana");
        assert!(!unlinked("https://evil.example").contains("evil.example"));
        assert_eq!(initials("María del Carmen López"), "M. L.");
        assert_eq!((initials("Ana"), initials("")), ("A.".into(), String::new()));
    }

    #[test]
    fn zones() {
        assert_eq!(time_zone("Europe/Berlin"), Ok(Some("Europe/Berlin".into())));
        assert_eq!(time_zone("Mars/Olympus"), Err(Refusal::TimeZone));
        assert!(time_zones().iter().any(|z| z == "America/New_York"));
    }
}
