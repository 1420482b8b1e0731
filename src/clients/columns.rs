//! The columns of the list: which of them a member has chosen, and what stands in each.

use super::list::Listed;
use super::list_queries as queries;
use crate::audit::Entry;
use crate::error::Result;
use crate::ids::MemberId;
use crate::people;
use crate::practice::Practice;

/// A column beside the name, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Email,
    Phone,
    Group,
    Provider,
    Invitation,
    /// How many of the forms that they were given are done.
    Forms,
    RecordNumber,
    DateOfBirth,
    Added,
    Arrived,
    TimeZone,
}

impl Column {
    pub const ALL: [Column; 11] = [
        Column::Email,
        Column::Phone,
        Column::Group,
        Column::Provider,
        Column::Invitation,
        Column::Forms,
        Column::RecordNumber,
        Column::DateOfBirth,
        Column::Added,
        Column::Arrived,
        Column::TimeZone,
    ];
    /// What stands there until somebody chooses.
    pub const FIRST: [Column; 6] =
        [Column::Email, Column::Phone, Column::Group, Column::Provider, Column::Invitation, Column::Forms];

    pub fn as_str(self) -> &'static str {
        match self {
            Column::Email => "email",
            Column::Phone => "phone",
            Column::Group => "group",
            Column::Provider => "provider",
            Column::Invitation => "invitation",
            Column::Forms => "forms",
            Column::RecordNumber => "record_number",
            Column::DateOfBirth => "date_of_birth",
            Column::Added => "added",
            Column::Arrived => "arrived",
            Column::TimeZone => "time_zone",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Column::Email => "Email",
            Column::Phone => "Phone",
            Column::Group => "Group",
            Column::Provider => "Primary provider",
            Column::Invitation => "Invitation",
            Column::Forms => "Forms",
            Column::RecordNumber => "Record number",
            Column::DateOfBirth => "Date of birth",
            Column::Added => "Added",
            Column::Arrived => "How they arrived",
            Column::TimeZone => "Time zone",
        }
    }

    fn parse(key: &str) -> Option<Column> {
        Column::ALL.into_iter().find(|column| column.as_str() == key)
    }

    /// What stands in the column for somebody, as plain text.
    pub fn text(self, row: &Listed, zone: &str) -> String {
        match self {
            Column::Email => row.email.clone().unwrap_or_default(),
            Column::Phone => row.phone.as_deref().map(people::phone_said).unwrap_or_default(),
            Column::Group => row.group_name.clone().unwrap_or_default(),
            Column::Provider => row.provider.clone().unwrap_or_default(),
            Column::Invitation => super::pages::row_status(row).text,
            Column::Forms => row.forms.said(),
            Column::RecordNumber => row.record_number.clone().unwrap_or_default(),
            Column::DateOfBirth => row.date_of_birth.as_deref().map(date_said).unwrap_or_default(),
            Column::Added => row.created_at.date_in(zone).strftime("%b %-d, %Y").to_string(),
            Column::Arrived => arrived_said(&row.source).into(),
            Column::TimeZone => row.time_zone.clone().unwrap_or_default(),
        }
    }
}

fn date_said(date: &str) -> String {
    date.parse::<jiff::civil::Date>().map_or_else(|_| date.to_string(), |date| date.strftime("%b %-d, %Y").to_string())
}

/// How somebody arrived.
pub fn arrived_said(source: &str) -> &'static str {
    match source {
        "invite_link" => "Signed up by invite link",
        "api" => "Added by another program",
        _ => "Added by the practice",
    }
}

/// The columns that were named, in their order; names that are none are left out.
pub fn named<'n>(names: impl Iterator<Item = &'n str>) -> Vec<Column> {
    let named: Vec<Column> = names.filter_map(Column::parse).collect();
    Column::ALL.into_iter().filter(|column| named.contains(column)).collect()
}

/// The columns of a member.
pub fn of(p: &Practice, member: MemberId) -> Result<Vec<Column>> {
    let chosen = queries::columns(p, member)?;
    Ok(chosen.map_or_else(|| Column::FIRST.to_vec(), |text| named(text.split(','))))
}

/// Keeps what a member has chosen; the name always stands there.
pub fn choose(p: &Practice, member: MemberId, columns: &[Column]) -> Result<()> {
    let text = columns.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(",");
    queries::set_columns(p, member, &text)?;
    p.audit(&Entry::new("columns.chosen", "member", Some(member.0)).detail(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_in_any_order_and_once() {
        let all = named(["time_zone", "email", "nonsense", "email", ""].into_iter());
        assert_eq!(all, [Column::Email, Column::TimeZone]);
        for column in Column::ALL {
            assert_eq!(Column::parse(column.as_str()), Some(column));
        }
    }
}
