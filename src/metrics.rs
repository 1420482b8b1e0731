//! Counters for /metrics, in Prometheus' text format. No label ever names a person.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn inc(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What stands at a value, such as a time.
#[derive(Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

#[derive(Default)]
pub struct Metrics {
    pub requests: Counter,
    pub server_errors: Counter,
    pub jobs_done: Counter,
    pub jobs_failed: Counter,
    pub sign_ins: Counter,
    pub sign_in_refusals: Counter,
    pub backups_made: Counter,
    pub backups_failed: Counter,
    /// Seconds since 1970; 0 where no daily copy is known.
    pub backup_newest: Gauge,
}

impl Metrics {
    pub fn text(&self) -> String {
        let all = [
            ("ruh_requests_total", "Requests answered.", &self.requests),
            ("ruh_server_errors_total", "Requests answered with 5xx.", &self.server_errors),
            ("ruh_jobs_done_total", "Jobs done.", &self.jobs_done),
            ("ruh_jobs_failed_total", "Runs of jobs that did not succeed.", &self.jobs_failed),
            ("ruh_sign_ins_total", "Sign-ins that succeeded.", &self.sign_ins),
            ("ruh_sign_in_refusals_total", "Sign-ins that were refused.", &self.sign_in_refusals),
            ("ruh_backups_made_total", "Daily copies made by this server.", &self.backups_made),
            ("ruh_backups_failed_total", "Daily copies that did not succeed.", &self.backups_failed),
        ];
        let mut text = String::new();
        for (name, help, counter) in all {
            text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} counter\n{name} {}\n", counter.get()));
        }
        let newest = ("ruh_backup_newest_seconds", "When the newest daily copy was begun, in seconds since 1970.");
        let value = self.backup_newest.0.load(Ordering::Relaxed);
        text.push_str(&format!("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {value}\n", newest.0, newest.1));
        text
    }
}
