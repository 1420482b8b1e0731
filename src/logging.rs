//! The log: what the program says of itself, and only the program. Nobody's name, address, token or password is in it,
//! at any level.

use tracing::{Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;

use crate::error::{Error, Result};

/// The log as RUH_LOG wants it. Errors: a filter that cannot be read.
pub fn subscriber<W>(filter: &str, writer: W) -> Result<impl Subscriber + Send + Sync + 'static + use<W>>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter).map_err(|e| Error::config(format!("RUH_LOG: {e}")))?;
    // What libraries say below info holds values: the database's driver prints the parameters of every statement.
    // The steps of making a database would bury the link that sets it up; when one fails, that is still said.
    let ours = filter_fn(|about| match about.target() {
        target if target.starts_with("ruh") => true,
        target if target.starts_with("refinery") => *about.level() <= Level::WARN,
        _ => *about.level() <= Level::INFO,
    });
    Ok(tracing_subscriber::registry().with(filter).with(ours).with(fmt::layer().with_writer(writer)))
}
