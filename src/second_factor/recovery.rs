//! Recovery codes: ten, each good once, for when the device with the app is not at hand. Kept as keyed hashes.

use crate::ids::AccountId;
use crate::secrets::{Secrets, new_code};

/// Codes that are made together.
pub const COUNT: usize = 10;
/// New codes, as they are shown once: "k3f9-2mzt-07qe".
pub fn new_codes() -> Vec<String> {
    (0..COUNT).map(|_| new_code()).collect()
}

const PURPOSE: &str = "recovery code";

/// How a code is kept.
pub fn hash(secrets: &Secrets, account: AccountId, code: &str) -> Vec<u8> {
    secrets.digest(PURPOSE, &[account.0.as_bytes(), code.as_bytes()]).to_vec()
}

/// How it may have been kept: by the key that makes now, or by one before it.
pub fn hashes(secrets: &Secrets, account: AccountId, code: &str) -> Vec<Vec<u8>> {
    let all = secrets.digests(PURPOSE, &[account.0.as_bytes(), code.as_bytes()]);
    all.into_iter().map(|digest| digest.to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_codes_all_differ() {
        let codes: std::collections::BTreeSet<_> = new_codes().into_iter().collect();
        assert_eq!(codes.len(), COUNT);
    }
}
