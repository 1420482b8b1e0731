//! What stands above the list: its filters, and the heads of the columns that it can be sorted by.

use super::list::{ListQuery, Pick, Said, Sort, Wanted};
use crate::error::Result;
use crate::groups::Group;
use crate::members::{self, Provider};
use crate::practice::Practice;

/// One filter: a labelled choice that stands in the address.
pub struct Filter {
    pub name: &'static str,
    pub label: &'static str,
    pub choices: Vec<Choice>,
}

pub struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

fn filter(name: &'static str, label: &'static str, now: &str, choices: Vec<(String, String)>) -> Filter {
    let choice = |(value, label): (String, String)| Choice { chosen: value == now, value, label };
    Filter { name, label, choices: choices.into_iter().map(choice).collect() }
}

fn fixed(choices: &[(&str, &str)]) -> Vec<(String, String)> {
    choices.iter().map(|(value, label)| ((*value).to_string(), (*label).to_string())).collect()
}

/// The filters as they stand. What is filtered by stays to be seen, though it could not be chosen any more.
pub fn all(
    p: &Practice,
    query: &ListQuery,
    wanted: &Wanted,
    (groups, providers): (&[Group], &[Provider]),
) -> Result<Vec<Filter>> {
    let mut of_group = fixed(&[("", "All"), ("none", "No group")]);
    of_group.extend(groups.iter().map(|group| (group.id.to_string(), group.name.clone())));
    if let Pick::One(_) = wanted.group
        && !of_group.iter().any(|(id, _)| *id == query.group_id)
    {
        of_group.push((query.group_id.clone(), "A group that is gone".into()));
    }
    let mut of_provider = fixed(&[("", "All"), ("none", "Nobody yet")]);
    of_provider.extend(providers.iter().map(|provider| (provider.id.to_string(), provider.name.clone())));
    if let Pick::One(id) = wanted.provider
        && !of_provider.iter().any(|(id, _)| *id == query.provider_id)
    {
        let name = members::name_of(p, id)?.unwrap_or_else(|| "Somebody".into());
        of_provider.push((query.provider_id.clone(), format!("{name} (no longer a provider)")));
    }
    let status = if wanted.status == "active" { "" } else { wanted.status };
    let sort = if wanted.sort == Sort::Name { "" } else { wanted.sort.as_str() };
    let invitations = [("".to_string(), "All".to_string())].into_iter();
    let invitations = invitations.chain(Said::ALL.into_iter().map(|said| (said.as_str().into(), label(said).into())));
    let sorts = [("", "By last name"), ("-name", "Last name, Z to A"), ("-created_at", "Newest first")];
    let sorts = [sorts.as_slice(), &[("created_at", "Oldest first")]].concat();
    Ok(vec![
        filter("status", "Status", status, fixed(&[("", "Active"), ("archived", "Archived")])),
        filter("group_id", "Group", &query.group_id, of_group),
        filter("provider_id", "Provider", &query.provider_id, of_provider),
        filter("invitation", "Invitation", &query.invitation, invitations.collect()),
        filter("sort", "Sort", sort, fixed(&sorts)),
    ])
}

/// The words of the row's badge.
fn label(said: Said) -> &'static str {
    match said {
        Said::None => "Not invited",
        Said::Queued => "Queued",
        Said::Sent => "Invited",
        Said::Kept => "Not delivered",
        Said::Bounced => "Bounced",
        Said::Accepted => "In the portal",
        Said::NoEmail => "No email",
    }
}

/// The head of a column that sorts: where pressing it leads, and how it sorts now.
pub struct Head {
    pub href: String,
    pub sorted: &'static str,
}

pub struct Heads {
    pub name: Head,
    pub added: Head,
}

impl Heads {
    pub fn new(query: &ListQuery, now: Sort) -> Heads {
        let lead = |sort: Sort| {
            let sort = if sort == Sort::Name { "" } else { sort.as_str() };
            ListQuery { sort: sort.into(), ..query.clone() }.address(None)
        };
        let head = |up: Sort, down: Sort, first: Sort| {
            let sorted = match now {
                sort if sort == up => "ascending",
                sort if sort == down => "descending",
                _ => "",
            };
            let next = match now {
                sort if sort == up => down,
                sort if sort == down => up,
                _ => first,
            };
            Head { href: lead(next), sorted }
        };
        Heads {
            name: head(Sort::Name, Sort::NameDown, Sort::Name),
            // Whoever looks at dates wants the newest first.
            added: head(Sort::Oldest, Sort::Newest, Sort::Newest),
        }
    }
}
