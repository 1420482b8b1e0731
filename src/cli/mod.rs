//! The commands of the one binary.

mod keys;
mod second_factor;

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::access::{Actor, Role};
use crate::accounts::{self, Confirmed, check_new};
use crate::app::{App, Shared};
use crate::audit::Verdict;
use crate::backup;
use crate::clock::Clock;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::members::{self, NewMember};
use crate::people::{self, Email};
use crate::practices::{self, Creation, NewPractice};
use crate::words::Words;

/// Practice software for therapists and the people they care for.
#[derive(Parser)]
#[command(name = "ruh", version)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the server.
    Serve,
    /// Makes a practice and its owner.
    #[command(subcommand)]
    Practice(PracticeCommand),
    /// Adds staff to a practice.
    #[command(subcommand)]
    Member(MemberCommand),
    /// Makes API tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Checks the audit record.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Changes the key that seals values and makes links.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Gets people back in who lost the device with their codes.
    #[command(subcommand)]
    SecondFactor(second_factor::SecondFactorCommand),
    /// Makes a lively made-up practice to look around in; prints whom to sign in as, and the password.
    Demo {
        /// Clients beyond its forty, to see it crowded; at most 200,000.
        #[arg(long, default_value_t = 0)]
        crowd: usize,
    },
    /// Writes everything into one file, while the server runs.
    Backup {
        /// Must not be there yet.
        file: PathBuf,
        /// Reads a passphrase from standard input: the file is sealed with it and holds the key too.
        #[arg(long)]
        passphrase_stdin: bool,
    },
    /// Brings a backup back, into an empty data folder and an empty database of either kind.
    Restore {
        file: PathBuf,
        /// Reads the passphrase of a sealed backup from standard input.
        #[arg(long)]
        passphrase_stdin: bool,
    },
    /// Counts what waits to be sent, and what a restore holds back.
    Outbox {
        #[command(subcommand)]
        command: Option<OutboxCommand>,
    },
    /// Brings the database up to date and stops.
    Migrate,
}

#[derive(Subcommand)]
enum PracticeCommand {
    /// Makes a practice; prints its slug alone on the last line.
    Create {
        #[arg(long)]
        name: String,
        /// First and last name.
        #[arg(long)]
        owner_name: String,
        #[arg(long)]
        owner_email: String,
        /// Such as Europe/Berlin.
        #[arg(long)]
        time_zone: String,
        /// Reads the owner's password from standard input.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

#[derive(Subcommand)]
enum MemberCommand {
    /// Adds a member with an account of their own; prints the member's id alone on the last line.
    Create {
        /// Slug of the practice.
        #[arg(long)]
        practice: String,
        /// First and last name.
        #[arg(long)]
        name: String,
        #[arg(long)]
        email: String,
        /// owner, admin, provider or support.
        #[arg(long)]
        role: String,
        /// Reads the password from standard input.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Makes a token that acts as a member; prints it once, alone on the last line.
    Create {
        #[arg(long)]
        email: String,
        /// What the token is for.
        #[arg(long)]
        name: String,
        /// Slug of the practice, where the member belongs to several.
        #[arg(long)]
        practice: Option<String>,
    },
}

#[derive(Subcommand)]
enum OutboxCommand {
    /// Sends what a restore has held back.
    Release,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Walks the whole chain; names the first entry that is missing or was altered.
    Verify,
}

/// Runs the command line; the exit code is 0, 1 for a refusal, 2 for wrong usage.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = tokio::runtime::Runtime::new()
        .map_err(|e| Error::internal(e.to_string()))
        .and_then(|runtime| runtime.block_on(run(cli)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("ruh: {e}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    let config = cli.settings.resolve()?;
    start_logging(&config.log)?;
    match cli.command {
        Command::Serve => return crate::serve::serve(config).await,
        // These two work beside a database, not in it.
        Command::Backup { file, passphrase_stdin } => {
            return backup::command::backup(config, file, passphrase_stdin.then(password_from_stdin).transpose()?)
                .await;
        }
        Command::Restore { file, passphrase_stdin } => {
            return backup::command::restore(config, &file, passphrase_stdin.then(password_from_stdin).transpose()?)
                .await;
        }
        _ => {}
    }
    let app = App::open(config, Clock::System)?;
    match cli.command {
        Command::Serve | Command::Migrate | Command::Backup { .. } | Command::Restore { .. } => Ok(()),
        Command::Outbox { command: None } => backup::command::outbox(&app).await,
        Command::Outbox { command: Some(OutboxCommand::Release) } => backup::command::release(&app).await,
        Command::Demo { crowd } => make_demo(&app, crowd).await,
        Command::Practice(PracticeCommand::Create { name, owner_name, owner_email, time_zone, .. }) => {
            let password = password_from_stdin()?;
            create_practice(&app, &name, &owner_name, &owner_email, &time_zone, &password).await
        }
        Command::Member(MemberCommand::Create { practice, name, email, role, .. }) => {
            let password = password_from_stdin()?;
            create_member(&app, &practice, &name, &email, &role, &password).await
        }
        Command::Token(TokenCommand::Create { email, name, practice }) => {
            create_token(&app, &email, &name, practice).await
        }
        Command::Audit(AuditCommand::Verify) => verify_audit(&app).await,
        Command::Keys(command) => keys::run(&app, command).await,
        Command::SecondFactor(command) => second_factor::run(&app, command).await,
    }
}

fn start_logging(filter: &str) -> Result<()> {
    use tracing_subscriber::util::SubscriberInitExt;
    let log = crate::logging::subscriber(filter, std::io::stderr)?;
    log.try_init().map_err(|e| Error::internal(e.to_string()))
}

fn password_from_stdin() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().take(4_096).read_to_string(&mut text);
    read.map_err(|e| Error::config(format!("the password could not be read: {e}")))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_string())
}

fn refused(what: &str, refusal: people::Refusal) -> Error {
    Error::config(format!("{what}: {}", Words::of("en").with(refusal.key(), &[("limit", "100")])))
}

fn first_and_last(name: &str) -> Result<(String, String)> {
    let name = people::name(name).map_err(|r| refused("name", r))?;
    let (first, last) = name.rsplit_once(' ').ok_or_else(|| Error::config("give a first and a last name"))?;
    Ok((first.trim().to_string(), last.to_string()))
}

async fn hash_new(app: &Shared, password: &str, about: &[&str]) -> Result<String> {
    check_new(password, about).map_err(|weakness| Error::config(Words::of("en").t(weakness.key())))?;
    app.passwords.hash(password).await
}

async fn create_practice(
    app: &Shared,
    name: &str,
    owner_name: &str,
    owner_email: &str,
    time_zone: &str,
    password: &str,
) -> Result<()> {
    let (owner_first_name, owner_last_name) = first_and_last(owner_name)?;
    let zone = people::time_zone(time_zone).map_err(|r| refused("time zone", r))?;
    let new = NewPractice {
        name: people::name(name).map_err(|r| refused("practice name", r))?,
        time_zone: zone.ok_or_else(|| Error::config("give a time zone"))?,
        owner_email: Email::parse(owner_email).map_err(|r| refused("e-mail", r))?,
        password_hash: hash_new(app, password, &[owner_name, owner_email]).await?,
        owner_first_name,
        owner_last_name,
    };
    match app.write(move |h| practices::create(h, &new)).await? {
        Creation::Created(created) => {
            println!("{}", created.slug);
            Ok(())
        }
        Creation::EmailTaken => Err(Error::config("the owner's e-mail already has an account")),
    }
}

async fn create_member(app: &Shared, slug: &str, name: &str, email: &str, role: &str, password: &str) -> Result<()> {
    let role = Role::parse(role).ok_or_else(|| Error::config("the role is owner, admin, provider or support"))?;
    let (first_name, last_name) = first_and_last(name)?;
    let email = Email::parse(email).map_err(|r| refused("e-mail", r))?;
    let hash = hash_new(app, password, &[name, &email.address]).await?;
    let slug = slug.to_string();
    let id = app
        .write(move |h| {
            let info = practices::by_slug(h, &slug)?.ok_or_else(|| Error::config("no practice has this slug"))?;
            if accounts::address(h, &email.key)?.is_some() {
                return Err(Error::config("this e-mail already has an account"));
            }
            let account = accounts::create(h, &email, &hash, Confirmed::Yes)?;
            let actor = Actor::system(info.id);
            let sees_clients = role != Role::Support;
            let new =
                NewMember { account, first_name: first_name.clone(), last_name: last_name.clone(), role, sees_clients };
            members::add(&h.practice(&actor), &new)
        })
        .await?;
    println!("{id}");
    Ok(())
}

async fn create_token(app: &Shared, email: &str, name: &str, slug: Option<String>) -> Result<()> {
    let key = Email::parse(email).map_err(|r| refused("e-mail", r))?.key;
    let name = people::name(name).map_err(|r| refused("name", r))?;
    let token = app
        .write(move |h| {
            let account =
                accounts::address(h, &key)?.ok_or_else(|| Error::config("no member has this e-mail"))?.account;
            let wanted = match &slug {
                None => None,
                Some(slug) => {
                    Some(practices::by_slug(h, slug)?.ok_or_else(|| Error::config("no practice has this slug"))?.id)
                }
            };
            let mut places = members::of_account(h, account)?;
            places.retain(|(practice, _)| wanted.is_none_or(|wanted| *practice == wanted));
            match places.as_slice() {
                [] => Err(Error::config("no member has this e-mail")),
                [(practice, member)] => members::create_token(&h.practice(&Actor::system(*practice)), *member, &name),
                _ => Err(Error::config("this member belongs to several practices: say --practice SLUG")),
            }
        })
        .await?;
    println!("{token}");
    Ok(())
}

/// Nobody else knows the password, so that a made-up practice is no door into a server that others reach.
async fn make_demo(app: &Shared, crowd: usize) -> Result<()> {
    let password = crate::secrets::new_token().chars().take(16).collect::<String>();
    let made = crate::demo::make(app, &password, crowd).await?;
    println!("{} is ready, made up from end to end. Sign in at {}", made.practice, app.config.link("/sign-in"));
    for (what, address) in made.people {
        println!("  {address:<42} {what}");
    }
    println!("Password for all of them:");
    println!("{password}");
    Ok(())
}

async fn verify_audit(app: &Shared) -> Result<()> {
    match crate::audit::verify(app).await? {
        Verdict::Whole { entries } => {
            println!("The audit record is whole: {entries} entries.");
            Ok(())
        }
        Verdict::Broken { seq, what } => {
            Err(Error::config(format!("the audit record is broken at entry {seq}: {what}")))
        }
    }
}
