//! Counters for /metrics, in Prometheus' text format. No label ever names a person.

use std::sync::atomic::{AtomicU64, Ordering};

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

#[derive(Default)]
pub struct Metrics {
    pub requests: Counter,
    pub server_errors: Counter,
    pub jobs_done: Counter,
    pub jobs_failed: Counter,
    pub sign_ins: Counter,
    pub sign_in_refusals: Counter,
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
        ];
        let mut text = String::new();
        for (name, help, counter) in all {
            text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} counter\n{name} {}\n", counter.get()));
        }
        text
    }
}
