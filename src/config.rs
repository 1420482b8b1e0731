//! Settings: read once, from flags, environment and a TOML file, in that order of precedence. Unknown keys are refused.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;

use crate::error::Error;

/// Every setting as it may be given; `Config` is what comes out.
#[derive(Debug, Default, Clone, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A TOML file with any of these settings.
    #[arg(long, env = "RUH_CONFIG", global = true)]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:8080].
    #[arg(long, env = "RUH_LISTEN", global = true)]
    pub listen: Option<String>,
    /// The address that people use; every link starts with it [default: http://localhost:8080].
    #[arg(long, env = "RUH_PUBLIC_URL", global = true)]
    pub public_url: Option<String>,
    /// Proxies whose X-Forwarded-For counts, as addresses or networks with commas between.
    #[arg(long, env = "RUH_TRUSTED_PROXIES", global = true)]
    pub trusted_proxies: Option<String>,
    /// Folder for the database, the key and the mail folder [default: ./data].
    #[arg(long, env = "RUH_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// postgres://… [default: SQLite in the data folder].
    #[arg(long, env = "RUH_DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<String>,
    /// smtp://user:password@host:587?tls=required or smtps://… [default: mail is written to the data folder].
    #[arg(long, env = "RUH_SMTP_URL", global = true, hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Sender of mail [default: Ruh Care <no-reply@the public host>].
    #[arg(long, env = "RUH_MAIL_FROM", global = true)]
    pub mail_from: Option<String>,
    /// The instance key: 32 bytes as base64 or hex [default: made in the data folder].
    #[arg(long, env = "RUH_SECRET_KEY", global = true, hide_env_values = true)]
    pub secret_key: Option<String>,
    /// What is logged, as a tracing filter [default: info].
    #[arg(long, env = "RUH_LOG", global = true)]
    pub log: Option<String>,
    /// Bearer token that may read /metrics from elsewhere than this machine.
    #[arg(long, env = "RUH_METRICS_TOKEN", global = true, hide_env_values = true)]
    pub metrics_token: Option<String>,
    /// Seconds that a mail waits in the outbox, to be undone [default: 10].
    #[arg(long, env = "RUH_UNDO_SECONDS", global = true)]
    pub undo_seconds: Option<u64>,
    /// Milliseconds from one mail of a bulk invitation to the next [default: 200].
    #[arg(long, env = "RUH_BULK_MAIL_MILLISECONDS", global = true)]
    pub bulk_mail_milliseconds: Option<u64>,
    /// Folder for the daily copies [default: backups in the data folder].
    #[arg(long, env = "RUH_BACKUP_DIR", global = true)]
    pub backup_dir: Option<PathBuf>,
    /// Hour of the day, in UTC, at which the daily copy is made, or off [default: 2].
    #[arg(long, env = "RUH_BACKUP_HOUR", global = true)]
    pub backup_hour: Option<String>,
    /// Seals backups, which then hold the key too [default: they are not sealed and leave the key out].
    #[arg(long, env = "RUH_BACKUP_PASSPHRASE", global = true, hide_env_values = true)]
    pub backup_passphrase: Option<String>,
    /// Seconds after which a job of a server that died is taken over [default: 60].
    #[arg(long, env = "RUH_LEASE_SECONDS", global = true)]
    pub lease_seconds: Option<u64>,
    /// Seconds within which each request is answered, with 503 if it must be [default: 60].
    #[arg(long, env = "RUH_ANSWER_SECONDS", global = true)]
    pub answer_seconds: Option<u64>,
    /// Messages that one person can send in a minute [default: 60].
    #[arg(long, env = "RUH_MESSAGES_A_MINUTE", global = true)]
    pub messages_a_minute: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// Without a slash at its end.
    pub public_url: String,
    pub trusted_proxies: Vec<IpNet>,
    pub data_dir: PathBuf,
    pub database_url: String,
    pub smtp_url: Option<String>,
    pub mail_from: String,
    pub secret_key: Option<String>,
    pub log: String,
    pub metrics_token: Option<String>,
    pub undo: std::time::Duration,
    /// From one mail of a bulk invitation to the next.
    pub bulk_mail_every: std::time::Duration,
    pub lease: std::time::Duration,
    pub backup_dir: PathBuf,
    /// 0 to 23, in UTC; nothing where no daily copies are wanted.
    pub backup_hour: Option<i8>,
    pub backup_passphrase: Option<String>,
    /// How long a request may take until it is answered. Nobody hangs on a database that does not answer.
    pub answers_within: std::time::Duration,
    pub messages_a_minute: i64,
}

impl Settings {
    /// Checks and completes the settings. Errors name the setting that is wrong.
    pub fn resolve(self) -> Result<Config, Error> {
        let file = match &self.config {
            None => Settings::default(),
            Some(path) => read_file(path)?,
        };
        let public_url = self.public_url.or(file.public_url).unwrap_or_else(|| "http://localhost:8080".into());
        let public_url = public_url.trim_end_matches('/').to_string();
        let host = host_of(&public_url)
            .ok_or_else(|| Error::config("RUH_PUBLIC_URL must be http:// or https:// and a host, without a path"))?;
        let data_dir = self.data_dir.or(file.data_dir).unwrap_or_else(|| PathBuf::from("data"));
        let listen = self.listen.or(file.listen).unwrap_or_else(|| "127.0.0.1:8080".into());
        let proxies = self.trusted_proxies.or(file.trusted_proxies).unwrap_or_default();
        Ok(Config {
            listen: listen.parse().map_err(|_| Error::config(format!("RUH_LISTEN: {listen} is not address:port")))?,
            mail_from: self.mail_from.or(file.mail_from).unwrap_or_else(|| format!("Ruh Care <no-reply@{host}>")),
            trusted_proxies: parse_proxies(&proxies)?,
            database_url: self
                .database_url
                .or(file.database_url)
                .unwrap_or_else(|| format!("sqlite:{}", data_dir.join("ruh.db").display())),
            smtp_url: self.smtp_url.or(file.smtp_url).filter(|url| !url.is_empty()),
            secret_key: self.secret_key.or(file.secret_key).filter(|key| !key.is_empty()),
            log: self.log.or(file.log).unwrap_or_else(|| "info".into()),
            metrics_token: self.metrics_token.or(file.metrics_token).filter(|token| !token.is_empty()),
            undo: std::time::Duration::from_secs(self.undo_seconds.or(file.undo_seconds).unwrap_or(10)),
            bulk_mail_every: std::time::Duration::from_millis(
                self.bulk_mail_milliseconds.or(file.bulk_mail_milliseconds).unwrap_or(200).min(60_000),
            ),
            lease: std::time::Duration::from_secs(self.lease_seconds.or(file.lease_seconds).unwrap_or(60).max(2)),
            backup_dir: self.backup_dir.or(file.backup_dir).unwrap_or_else(|| data_dir.join("backups")),
            backup_hour: parse_hour(self.backup_hour.or(file.backup_hour).as_deref())?,
            backup_passphrase: self.backup_passphrase.or(file.backup_passphrase).filter(|text| !text.is_empty()),
            answers_within: std::time::Duration::from_secs(
                self.answer_seconds.or(file.answer_seconds).unwrap_or(60).max(1),
            ),
            messages_a_minute: self.messages_a_minute.or(file.messages_a_minute).unwrap_or(60).max(1),
            public_url,
            data_dir,
        })
    }
}

impl Config {
    /// Whether cookies may travel over https only.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// Whether this is a trial on somebody's own machine, where the mail folder is shown.
    pub fn is_local(&self) -> bool {
        !self.is_https() && matches!(host_of(&self.public_url).as_deref(), Some("localhost" | "127.0.0.1"))
    }

    /// The whole address of a path on this installation; never built from a request's headers.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// The address that a request came from: the peer, or what a trusted proxy says of it.
    pub fn client_ip(&self, peer: IpAddr, forwarded_for: Option<&str>) -> IpAddr {
        let trusted = |ip: &IpAddr| self.trusted_proxies.iter().any(|net| net.contains(ip));
        if !trusted(&peer) {
            return peer;
        }
        let named = forwarded_for.unwrap_or_default().rsplit(',').map_while(|part| part.trim().parse().ok());
        let mut last = peer;
        for ip in named.take(16) {
            last = ip;
            if !trusted(&ip) {
                break;
            }
        }
        last
    }
}

fn read_file(path: &Path) -> Result<Settings, Error> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::config(format!("{}: {e}", path.display())))?;
    toml::from_str(&text).map_err(|e| Error::config(format!("{}: {e}", path.display())))
}

fn parse_proxies(text: &str) -> Result<Vec<IpNet>, Error> {
    let one = |part: &str| {
        let net = part.parse::<IpNet>().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
        net.map_err(|_| Error::config(format!("RUH_TRUSTED_PROXIES: {part} is no address or network")))
    };
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(one).collect()
}

fn parse_hour(text: Option<&str>) -> Result<Option<i8>, Error> {
    match text.unwrap_or("2") {
        "off" => Ok(None),
        text => match text.parse() {
            Ok(hour @ 0..=23) => Ok(Some(hour)),
            _ => Err(Error::config(format!("RUH_BACKUP_HOUR: {text} is no hour from 0 to 23, and not off"))),
        },
    }
}

/// The host of an http address without path; nothing if it is anything else.
fn host_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let authority: axum::http::uri::Authority = rest.parse().ok()?;
    (!authority.host().is_empty() && !rest.contains('@')).then(|| authority.host().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(settings: Settings) -> Config {
        settings.resolve().unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let config = resolve(Settings { trusted_proxies: Some("10.0.0.0/8, 127.0.0.1".into()), ..Settings::default() });
        let ip = |text: &str| text.parse::<IpAddr>().unwrap_or_else(|e| panic!("{e}"));
        let cases = [
            ("9.9.9.9", Some("1.2.3.4"), "9.9.9.9"),
            ("127.0.0.1", Some("1.2.3.4"), "1.2.3.4"),
            ("127.0.0.1", Some("6.6.6.6, 1.2.3.4, 10.0.0.9"), "1.2.3.4"),
            ("127.0.0.1", Some("rubbish"), "127.0.0.1"),
            ("127.0.0.1", None, "127.0.0.1"),
        ];
        for (peer, header, expected) in cases {
            assert_eq!(config.client_ip(ip(peer), header), ip(expected), "{peer} {header:?}");
        }
    }

    #[test]
    fn a_public_address_is_a_scheme_and_a_host() {
        for bad in ["ftp://x", "localhost:8080", "http://", "https://a@b", "https://a/b"] {
            let settings = Settings { public_url: Some(bad.into()), ..Settings::default() };
            assert!(settings.resolve().is_err(), "{bad}");
        }
        assert!(resolve(Settings { public_url: Some("http://127.0.0.1:9".into()), ..Settings::default() }).is_local());
        assert!(!resolve(Settings { public_url: Some("https://localhost".into()), ..Settings::default() }).is_local());
    }

    #[test]
    fn an_unknown_key_in_the_file_is_refused() {
        assert!(toml::from_str::<Settings>("listen = '127.0.0.1:1'").is_ok());
        assert!(toml::from_str::<Settings>("lissten = '127.0.0.1:1'").is_err());
    }
}
