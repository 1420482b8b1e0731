//! A running program with its data, and somebody signed in to it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::client::{Answer, Connection, Request};
use crate::crowd::{PASSWORD, Talk};
use crate::server::Server;

pub struct Site {
    pub server: Server,
    pub folder: PathBuf,
    pub database: Option<String>,
    people: Value,
    cookie: String,
}

impl Site {
    pub fn open(folder: &Path, database: Option<&str>) -> Site {
        let (server, _) = Server::start(folder, database, "/healthz");
        let people = std::fs::read(folder.join("people.json")).expect("people.json");
        let people: Value = serde_json::from_slice(&people).expect("people.json");
        let mut site = Site {
            server,
            people,
            folder: folder.to_path_buf(),
            database: database.map(String::from),
            cookie: String::new(),
        };
        site.cookie = site.signed_in(&site.said("owner"));
        site
    }

    /// Something of people.json.
    pub fn said(&self, key: &str) -> String {
        self.people[key].as_str().expect("a text").to_string()
    }

    /// The cookie of a new session.
    pub fn signed_in(&self, email: &str) -> String {
        self.session(&Request::post("/sign-in", &[FORM], &form(email, PASSWORD), 303))
    }

    /// The same, from a network address of its own.
    pub fn signed_in_from(&self, email: &str, number: usize) -> String {
        self.session(&Request::post("/sign-in", &[FORM, &network(number)], &form(email, PASSWORD), 303))
    }

    fn session(&self, request: &Request) -> String {
        let answer = self.fetch(request);
        let cookies = answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        let session = cookies.filter_map(|cookie| cookie.split(';').next()).find(|cookie| cookie.starts_with("ruh="));
        format!("cookie: {}", session.expect("a session"))
    }

    /// Who fills in a form, and which.
    pub fn fillers(&self) -> Vec<(String, String)> {
        serde_json::from_value(self.people["fillers"].clone()).expect("people and their forms")
    }

    /// Who talk: a provider's token, their client's address, and the conversation's id.
    pub fn talks(&self) -> Vec<Talk> {
        serde_json::from_value(self.people["talks"].clone()).expect("people and their conversations")
    }

    pub fn fetch(&self, request: &Request) -> Answer {
        Connection::open(self.server.address).expect("a connection").fetch(request)
    }

    /// A page as the owner's browser asks for it, uncompressed.
    pub fn page(&self, path: &str) -> Request {
        Request::get(path, &[&self.cookie, "accept: text/html"])
    }

    /// The same, compressed as browsers take it.
    pub fn compressed_page(&self, path: &str) -> Request {
        Request::get(path, &[&self.cookie, "accept: text/html", "accept-encoding: gzip, deflate, br, zstd"])
    }

    /// A page as another member's.
    pub fn page_of(&self, email: &str, path: &str) -> Request {
        Request::get(path, &[&self.signed_in(email), "accept: text/html"])
    }

    pub fn api(&self, path: &str) -> Request {
        self.api_of(&self.said("token"), path)
    }

    pub fn api_of(&self, token: &str, path: &str) -> Request {
        Request::get(path, &[&format!("authorization: Bearer {token}")])
    }

    /// A client's addition, with an invitation.
    pub fn addition(&self, number: u64) -> Request {
        let authorization = format!("authorization: Bearer {}", self.said("token"));
        let body = format!(
            r#"{{"first_name": "Ana", "last_name": "Newcomer {number}", "email": "newcomer.{number}@harbourlight.example"}}"#
        );
        Request::post("/api/v1/clients", &[&authorization, "content-type: application/json"], &body, 201)
    }

    /// Lets the caps on invitations begin anew: what is measured is an addition with its invitation.
    pub fn forget_caps(&self) {
        self.execute("delete from guesses", "delete from guesses");
    }

    /// Does something to the database beside the program: in SQLite's words, or in PostgreSQL's.
    pub fn execute(&self, sqlite: &str, postgres: &str) {
        match &self.database {
            None => {
                let conn = rusqlite::Connection::open(self.folder.join("ruh.db")).expect("the file");
                conn.busy_timeout(Duration::from_secs(60)).expect("patience");
                conn.execute_batch(sqlite).expect(sqlite);
            }
            Some(url) => {
                let mut client = postgres::Client::connect(url, postgres::NoTls).expect("the database");
                client.batch_execute(postgres).expect(postgres);
            }
        }
    }
}

pub const FORM: &str = "content-type: application/x-www-form-urlencoded";

pub fn form(email: &str, password: &str) -> String {
    format!("email={}&password={}", email.replace('@', "%40"), password.replace(' ', "+"))
}

/// A wrong password for an address, from a network address of its own.
pub fn wrong_password(email: &str, number: usize) -> Request {
    Request::post("/sign-in", &[FORM, &network(number)], &form(email, "not the right one"), 422)
}

fn network(number: usize) -> String {
    format!("x-forwarded-for: 10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255)
}
