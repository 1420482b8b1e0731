//! `ruh second-factor`: for whoever runs the server, where nobody in a practice can help: a sole owner, or a client.

use clap::Subcommand;

use crate::accounts;
use crate::app::Shared;
use crate::error::{Error, Result};
use crate::people::Email;
use crate::second_factor;

#[derive(Subcommand)]
pub enum SecondFactorCommand {
    /// Turns an account's two-step sign-in off, at once, and ends its sessions; the holder is told by mail.
    Reset {
        #[arg(long)]
        email: String,
    },
}

pub async fn run(app: &Shared, command: SecondFactorCommand) -> Result<()> {
    let SecondFactorCommand::Reset { email } = command;
    let key = Email::loose_key(&email);
    app.write(move |h| {
        let address = accounts::address(h, &key)?.ok_or_else(|| Error::config("no account has this e-mail"))?;
        if !second_factor::turn_off(h, address.account)? {
            return Err(Error::config("two-step sign-in is not on for this account"));
        }
        accounts::end_all_of_account(h, address.account, None)
    })
    .await?;
    println!("Two-step sign-in is off. The password alone signs in; the holder is told by mail.");
    Ok(())
}
