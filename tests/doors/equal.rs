//! Known and unknown addresses: the same bytes, and the same work behind them.

use std::collections::BTreeMap;

use testkit::{Answer, PASSWORD, TestApp, both_engines};

use crate::support::{invited, row_counts};

/// What an answer says, all of it but the values of cookies that are random for everybody.
fn whole(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    });
    (answer.status, headers.collect(), answer.text.clone())
}

/// How many rows each table got from something.
fn grown(before: &BTreeMap<String, usize>, after: &BTreeMap<String, usize>) -> Vec<(String, usize)> {
    let change = |(name, count): (&String, &usize)| {
        let more = count.saturating_sub(before.get(name).copied().unwrap_or(0));
        (more > 0).then(|| (name.clone(), more))
    };
    after.iter().filter_map(change).collect()
}

/// One thing done by a stranger: the answer, the passwords checked, the rows written before any job ran.
async fn done(
    t: &TestApp,
    path: &str,
    fields: &[(&str, &str)],
) -> ((u16, Vec<(String, String)>, String), u64, Vec<(String, usize)>) {
    let (checks, rows) = (t.app.passwords.checks(), row_counts(t));
    let answer = t.browser().post(path, fields).await;
    (whole(&answer), t.app.passwords.checks() - checks, grown(&rows, &row_counts(t)))
}

both_engines! {
    async fn r10_sign_in_answers_known_and_unknown_addresses_alike(t: TestApp) {
        // The very same request, before and after the address has an account: not one byte may differ.
        let fields = [("email", "ana@example.org"), ("password", "not the password"), ("next", "/clients")];
        let unknown = done(&t, "/sign-in", &fields).await;
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        t.raw.run("delete from guesses");
        let known = done(&t, "/sign-in", &fields).await;
        assert_eq!(known, unknown);
        assert_eq!(known.0.0, 422);
        assert_eq!(known.1, 1, "one check of a password for either");
        assert_eq!(known.2, [("guesses".to_string(), 2)]);
        // Counter-case: the right password is told from a wrong one.
        let right = done(&t, "/sign-in", &[("email", "ana@example.org"), ("password", PASSWORD)]).await;
        assert_eq!((right.0.0, right.1), (303, 1));
    }

    async fn r10_an_account_without_a_password_looks_unknown_too(t: TestApp) {
        let fields = [("email", "ana@example.org"), ("password", PASSWORD)];
        let unknown = done(&t, "/sign-in", &fields).await;
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        t.raw.run("update accounts set password_hash = null; delete from guesses");
        assert_eq!(done(&t, "/sign-in", &fields).await, unknown);
    }

    async fn r10_the_wait_after_many_tries_is_the_same(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        let mut ends = Vec::new();
        for email in ["ana@example.org", "nobody@example.org"] {
            let mut told = Vec::new();
            let mut checks = Vec::new();
            for _ in 0..12 {
                let before = t.app.passwords.checks();
                let answer = t.browser().post("/sign-in", &[("email", email), ("password", "wrong")]).await;
                checks.push(t.app.passwords.checks() - before);
                let (status, headers, text) = whole(&answer);
                // The form gives back what was typed; everything else is one text.
                told.push((
                    status,
                    headers.iter().filter(|(name, _)| name != "content-length").cloned().collect::<Vec<_>>(),
                    text.replace(email, "…"),
                ));
            }
            ends.push((told, checks));
        }
        assert_eq!(ends[0], ends[1]);
        assert_eq!(ends[0].1, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
    }

    async fn r10_forgot_answers_known_and_unknown_addresses_alike(t: TestApp) {
        let fields = [("email", "ana@example.org")];
        let unknown = done(&t, "/forgot", &fields).await;
        t.run_jobs().await;
        assert!(t.mails().is_empty(), "an unknown address is sent nothing");
        let practice = t.practice("Calm Harbour").await;
        t.client_in_portal(&practice, "ana@example.org").await;
        t.raw.run("delete from reset_requests; delete from guesses");
        let mails = t.mails().len();
        let known = done(&t, "/forgot", &fields).await;
        assert_eq!(known, unknown);
        assert_eq!(known.1, 0);
        // The network's count, the request, and the job that decides.
        assert_eq!(known.2, ["guesses", "jobs", "reset_requests"].map(|table| (table.to_string(), 1)));
        // The sixth of an hour is answered the same as the first, for both.
        t.run_jobs().await;
        assert_eq!(t.mails().len(), mails + 1);
        for _ in 0..4 {
            assert_eq!(done(&t, "/forgot", &fields).await.0, unknown.0);
            t.run_jobs().await;
        }
        let sixth = done(&t, "/forgot", &fields).await;
        assert_eq!(sixth.0, unknown.0);
        assert!(sixth.2.is_empty(), "the sixth is not even written down: {:?}", sixth.2);
        t.run_jobs().await;
        assert_eq!(t.mails().len(), mails + 5);
    }

    async fn r10_the_page_of_an_invitation_says_nothing_about_accounts(t: TestApp) {
        // Two people opening an invitation of the same shape: one address has an account elsewhere, the other has none.
        let elsewhere = t.practice("Elsewhere").await;
        t.client_in_portal(&elsewhere, "known@example.org").await;
        let practice = t.practice("Calm Harbour").await;
        let mut pages = Vec::new();
        for email in ["known@example.org", "other@example.org"] {
            let (_, link) = invited(&t, &practice, email).await;
            let mut browser = t.browser();
            let checks = t.app.passwords.checks();
            let opened = browser.open_link(&link).await;
            let told = whole(&opened);
            // The page names its link, which is another one for each invitation.
            let (before, after) = told.2.split_once("name=\"link\" value=\"").expect("the link's mark");
            let shown = format!("{before}{}", &after[16..]).replace(email, "…");
            pages.push((told.0, shown, t.app.passwords.checks() - checks));
        }
        assert_eq!(pages[0], pages[1]);
    }

    async fn r10_renewing_a_session_that_never_was_says_nothing(t: TestApp) {
        let practice = t.practice("Calm Harbour").await;
        let mut stranger = t.browser();
        stranger.cookies.insert("ruh".into(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into());
        let answer = stranger.post("/session/renew", &[("password", PASSWORD)]).await;
        assert_eq!(answer.status, 401);
        assert!(!answer.text.contains(&practice.owner_email));
    }
}
