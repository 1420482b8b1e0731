//! What a hostile client makes up: the same for the same seed.

use testkit::{Json, json};

/// Numbers that look random and can be made again (SplitMix64).
pub struct Dice {
    state: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// A text that nobody should have to expect.
    pub fn hostile_text(&mut self) -> String {
        if self.percent(8) {
            let length = *self.of(&[101, 256, 2_001, 5_001, 20_000]);
            return self.of(&["x", "é", "😀", "\u{202e}"]).repeat(length);
        }
        (*self.of(TEXTS)).to_string()
    }

    /// JSON of any kind, mostly of the wrong one.
    pub fn hostile(&mut self) -> Json {
        match self.below(14) {
            0 => Json::Null,
            1 => json!(true),
            2 => json!(self.of(&[0, -1, 1, 51, 201, i64::MAX, i64::MIN])),
            3 => json!(self.of(&[0.5, -1.0e300, 1.0e-300])),
            4 => json!([]),
            5 => json!({}),
            6 => json!([[[[["deep"]]]], null, 1, {"a": {"b": {}}}]),
            7 => {
                Json::Array((0..*self.of(&[1, 51, 300])).map(|_| Json::String(self.hostile_text())).take(60).collect())
            }
            8 => json!({self.hostile_text(): self.hostile_text()}),
            _ => Json::String(self.hostile_text()),
        }
    }
}

const TEXTS: &[&str] = &[
    "",
    " ",
    "\u{a0}",
    "\0",
    "a\0b",
    "a\nb",
    "\r\nBcc: eve@evil.example",
    "\u{7}",
    "\u{1b}[31m",
    "\u{202e}gnirts",
    "\u{2066}x\u{2069}",
    "\u{feff}",
    "\u{fffd}",
    "\u{e000}",
    "\u{10ffff}",
    "e\u{301}\u{301}\u{301}",
    "😀👩‍👩‍👧",
    "مریم رضایی",
    "ß",
    "İ",
    "ﬃ",
    "0",
    "-1",
    "1e400",
    "NaN",
    "null",
    "true",
    "undefined",
    "' or '1'='1",
    "\"; drop table clients; --",
    "%",
    "_%_",
    "\\",
    "\\'",
    "$1",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "<script>alert(1)</script>",
    "\"><svg onload=x>",
    "javascript:x",
    "//evil.example",
    "/\\evil.example",
    "../../etc/passwd",
    "..",
    "/",
    "?",
    "#",
    "a/b",
    "%00",
    "%ff",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "01900000-0000-7000-8000-000000000001",
    "{01900000-0000-7000-8000-000000000001}",
    "urn:uuid:01900000-0000-7000-8000-000000000001",
    "01900000000070008000000000000001",
    "0000-00-00",
    "9999-12-31",
    "2024-02-30",
    "+292277026596-12-04",
    "-9999-01-01",
    "9223372036854775808",
    "340282366920938463463374607431768211456",
    "٣",
    "a@b",
    "a@example.org, b@example.org",
    "@",
    "a@exam\u{202e}ple.org",
    "+1 212 555 0123",
    "America/New_York",
    "Etc/../UTC",
];

/// Percent-encoded whole, so that it stays one part of an address.
pub fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    };
    text.bytes().map(one).collect()
}
