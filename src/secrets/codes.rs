//! Codes that people read off one screen and type into another: "k3f9-2mzt-07qe".

use super::random;

/// Letters of one: 60 bits.
const LENGTH: usize = 12;
/// Digits and letters without those that are taken for another (Crockford).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A new code, as it is shown.
pub fn new_code() -> String {
    shown(&random::<LENGTH>())
}

fn shown(random: &[u8]) -> String {
    let letters: Vec<char> = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    letters.chunks(4).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// A code as it was meant: without hyphens and spaces, in small letters, with the digits that were taken for letters.
/// Nothing if it cannot be one.
pub fn read_code(typed: &str) -> Option<String> {
    let mut code = String::with_capacity(LENGTH);
    for c in typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '—')) {
        let c = match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        };
        if !c.is_ascii() || !LETTERS.contains(&(c as u8)) || code.len() == LENGTH {
            return None;
        }
        code.push(c);
    }
    (code.len() == LENGTH).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_however_it_is_typed() {
        let code = shown(&[20, 3, 15, 9, 2, 19, 31, 26, 0, 7, 23, 14]);
        assert_eq!(code, "m3f9-2kzt-07qe");
        for typed in ["m3f9-2kzt-07qe", "M3F92KZT07QE", " m3f9 2kzt o7qe ", "m3f9–2kzt–O7qe"] {
            assert_eq!(read_code(typed).as_deref(), Some("m3f92kzt07qe"), "{typed}");
        }
        for wrong in ["", "123456", "m3f9-2kzt-07q", "m3f9-2kzt-07qee", "m3f9-2kzt-07qü", "m3f9-2kzt-07u!"] {
            assert_eq!(read_code(wrong), None, "{wrong}");
        }
    }
}
