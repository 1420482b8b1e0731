//! Mail: made here, sent by SMTP, or kept as files in the data folder where no mail server is set up.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::{Mailbox, MultiPart, header};
use lettre::transport::smtp::SmtpTransport;
use lettre::{Address, Message, Transport};

use crate::config::Config;
use crate::error::{Error, Result};

/// One mail in plain text and HTML.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The job's id: a repeat after a crash carries the same Message-ID, so mail programs show it once.
    pub id: uuid::Uuid,
    pub to: String,
    pub to_name: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The mail server took it.
    Sent,
    /// There is no mail server: it is kept in the local outbox, which is not delivery.
    Kept,
    /// The server refused the address or the mail for good.
    Refused(String),
    /// The server could not be reached or asked to try again.
    Later(String),
}

pub struct Mailer {
    way: Way,
    from: Mailbox,
    host: String,
}

enum Way {
    Smtp(SmtpTransport),
    Folder(PathBuf),
}

impl Mailer {
    pub fn new(config: &Config) -> Result<Mailer> {
        let from: Mailbox = config.mail_from.parse().map_err(|e| Error::config(format!("RUH_MAIL_FROM: {e}")))?;
        let way = match &config.smtp_url {
            Some(url) => {
                let builder = SmtpTransport::from_url(url).map_err(|e| Error::config(format!("RUH_SMTP_URL: {e}")))?;
                // A silent server must not outlive the job's lease: another server would repeat the mail.
                let patience = (config.lease / 4).clamp(Duration::from_secs(1), Duration::from_secs(15));
                Way::Smtp(builder.timeout(Some(patience)).build())
            }
            None => Way::Folder(config.data_dir.join("mail")),
        };
        Ok(Mailer { host: from.email.domain().to_string(), from, way })
    }

    /// Whether mail leaves this machine at all.
    pub fn delivers(&self) -> bool {
        matches!(self.way, Way::Smtp(_))
    }

    /// Where mail is kept when it is not delivered.
    pub fn folder(&self) -> Option<&PathBuf> {
        match &self.way {
            Way::Folder(folder) => Some(folder),
            Way::Smtp(_) => None,
        }
    }

    /// Sends one mail. Blocks: call from a blocking thread.
    pub fn send(&self, mail: &Mail) -> Delivery {
        let message = match self.build(mail) {
            Ok(message) => message,
            Err(e) => return Delivery::Refused(e),
        };
        match &self.way {
            Way::Smtp(transport) => match transport.send(&message) {
                Ok(_) => Delivery::Sent,
                // 53x is about our own sign-in at the server, not about the mail: that is for the owner to mend.
                Err(e) if e.is_permanent() && !is_about_signing_in(&e) => Delivery::Refused(short(&e)),
                Err(e) => Delivery::Later(short(&e)),
            },
            Way::Folder(folder) => match keep(folder, mail, &message.formatted()) {
                Ok(()) => Delivery::Kept,
                Err(e) => Delivery::Later(e.to_string()),
            },
        }
    }

    fn build(&self, mail: &Mail) -> std::result::Result<Message, String> {
        let address: Address = mail.to.parse().map_err(|e| format!("{e}"))?;
        // A name may hold anything a person typed; a header holds one line.
        let name: String = mail.to_name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let subject: String = mail.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let name = Some(name.trim().to_string()).filter(|name| !name.is_empty());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(name, address))
            .subject(subject)
            .message_id(Some(format!("<{}@{}>", mail.id, self.host)))
            .header(header::MIME_VERSION_1_0)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|e| e.to_string())
    }
}

fn is_about_signing_in(e: &lettre::transport::smtp::Error) -> bool {
    e.status().is_some_and(|code| code.to_string().starts_with("53"))
}

fn short(e: &lettre::transport::smtp::Error) -> String {
    e.to_string().chars().filter(|c| !c.is_control()).take(200).collect()
}

fn keep(folder: &PathBuf, mail: &Mail, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let next = folder.join(format!("{}.new", mail.id));
    std::fs::write(&next, bytes)?;
    std::fs::rename(&next, folder.join(format!("{}.eml", mail.id)))
}

#[derive(askama::Template)]
#[template(path = "mail.html")]
struct MailPage<'a> {
    lang: &'a str,
    dir: &'a str,
    paragraphs: &'a [String],
    button: Option<(&'a str, &'a str)>,
    after: &'a [String],
}

/// The two bodies of a mail from the same words: paragraphs, at most one button, and what stands below it.
pub fn bodies(
    words: crate::words::Words,
    paragraphs: &[String],
    button: Option<(&str, &str)>,
    after: &[String],
) -> Result<(String, String)> {
    let mut text = String::new();
    for paragraph in paragraphs {
        text.push_str(paragraph);
        text.push_str("\n\n");
    }
    if let Some((label, link)) = button {
        text.push_str(&format!("{label}:\n{link}\n\n"));
    }
    for paragraph in after {
        text.push_str(paragraph);
        text.push_str("\n\n");
    }
    let page = MailPage { lang: words.lang(), dir: words.dir(), paragraphs, button, after };
    Ok((text, askama::Template::render(&page)?))
}
