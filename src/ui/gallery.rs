//! Every component in every state on one page, for the people who build pages from them.

use askama::Template;

use super::{
    Avatar, Empty, ErrorSummary, Field, Icon, Link, Note, Option_, Section, Shell, Status, Tab, Tabs, Toast, Tone,
    Undo, icon, icons,
};
use crate::words::Words;

#[derive(Template)]
#[template(path = "ui/gallery.html")]
struct Gallery {
    shell: Shell,
    errors: ErrorSummary,
    fields: Vec<Field>,
    states: Vec<Field>,
    badges: Vec<Status>,
    notes: Vec<Note>,
    tabs: Tabs,
    empty: Empty,
    icons: Vec<(&'static str, Icon)>,
    avatar: Avatar,
}

/// The page as HTML.
pub fn page(words: Words) -> String {
    let gallery = Gallery {
        shell: shell(words),
        errors: ErrorSummary {
            title: words.t("ui-error-summary"),
            items: vec![
                ("wrong-last_name".into(), "Enter the last name.".into()),
                ("wrong-email".into(), "Enter an email like name@example.org.".into()),
            ],
        },
        fields: fields(words),
        states: states(words),
        badges: badges(),
        notes: notes(),
        tabs: Tabs { label: "Example".into(), items: tabs() },
        empty: Empty {
            title: "No clients yet".into(),
            text: "Add your first client. With an email they get an invitation to their own portal.".into(),
            action: Some(Link { href: "#dialog".into(), label: "Add Client".into(), dialog: false }),
        },
        icons: icons::NAMES.iter().map(|name| (*name, icon(name))).collect(),
        avatar: Avatar { name: "Ana María López".into() },
    };
    gallery.render().unwrap_or_else(|error| error.to_string())
}

fn shell(words: Words) -> Shell {
    Shell {
        title: "Components".into(),
        lang: words.lang().into(),
        dir: words.dir(),
        practice: "Example Practice".into(),
        person: "Sam Reed".into(),
        email: "sam@example.org".into(),
        section: Section::None,
        stand: words.t("ui-stand-staff"),
        can_switch: true,
        idle_seconds: None,
        chat: "",
        sees_documents: false,
        sees_forms: true,
        toast: Some(Toast {
            text: "Client added. The invitation goes out in 10 seconds.".into(),
            undo: Some(Undo { action: "#".into(), seconds: 10 }),
        }),
        words,
    }
}

fn groups() -> Vec<Option_> {
    ["New clients", "Couples", "Minors"]
        .into_iter()
        .map(|name| Option_ { value: name.to_lowercase(), label: name.into() })
        .collect()
}

fn fields(words: Words) -> Vec<Field> {
    vec![
        Field::text("first_name", "First name").required().dir_auto(),
        Field::text("preferred_name", "Preferred name").dir_auto().hint("What the person likes to be called."),
        Field::email("email", "Email").private(),
        Field::tel("phone", "Phone").private().hint("With the country code, or as dialled at home."),
        Field::date("date_of_birth", "Date of birth"),
        Field::select("group", "Group", groups()).value("couples").required(),
        Field::password("password", "Password").required().autocomplete("new-password").strength().words(words),
        Field::password("current", "Current password").required().autocomplete("current-password").words(words),
        Field::textarea("note", "Quick note").dir_auto(),
        Field::checkbox("send_invitation", "Send invitation email").checked(true).hint("It can also follow later."),
        Field::checkbox("other", "Not ticked"),
        Field::search("search", "Search clients"),
    ]
}

fn states(words: Words) -> Vec<Field> {
    let wrong = |message: &str| Some(message.to_string());
    vec![
        Field::text("last_name", "Last name").id_prefix("wrong-").required().error(wrong("Enter the last name.")),
        Field::email("email", "Email")
            .id_prefix("wrong-")
            .value("ana@")
            .error(wrong("Enter an email like name@example.org.")),
        Field::date("date_of_birth", "Date of birth")
            .id_prefix("wrong-")
            .value("2026-02-31")
            .error(wrong("There is no such day. Write it as year-month-day, like 1990-05-21.")),
        Field::select("group", "Group", groups()).id_prefix("wrong-").error(wrong("Choose a group.")),
        Field::password("password", "Password")
            .id_prefix("wrong-")
            .required()
            .words(words)
            .error(wrong("This password is on lists of common ones. Choose another.")),
        Field::checkbox("agree", "I agree").id_prefix("wrong-").error(wrong("Tick this to go on.")),
        Field::text("first_name", "First name")
            .id_prefix("stale-")
            .required()
            .value("Anna")
            .now_saved(Some("Ana María".into())),
        Field::text("long", "A label that is much longer than anybody would like a label to be")
            .id_prefix("long-")
            .value("Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh Cholmondeley-Majoribanks"),
        Field::text("rtl", "Preferred name").id_prefix("rtl-").dir_auto().value("عبد الرحمن بن محمد"),
    ]
}

fn badges() -> Vec<Status> {
    let badge = |tone, text: &str| Status { tone, text: text.into(), hint: String::new() };
    vec![
        badge(Tone::Neutral, "No email"),
        badge(Tone::Info, "Invited"),
        badge(Tone::Good, "Accepted"),
        badge(Tone::Warn, "Not sent"),
        Status { tone: Tone::Bad, text: "Bounced".into(), hint: "The address does not exist.".into() },
    ]
}

fn notes() -> Vec<Note> {
    [Tone::Neutral, Tone::Info, Tone::Good, Tone::Warn, Tone::Bad]
        .into_iter()
        .map(|tone| Note {
            tone,
            title: if tone == Tone::Neutral { String::new() } else { "A short title".into() },
            text: "Without an email: no portal, no electronic forms, no email notices.".into(),
        })
        .collect()
}

fn tabs() -> Vec<Tab> {
    ["Client details", "Share Invite Link"]
        .into_iter()
        .enumerate()
        .map(|(at, label)| Tab { href: "#tabs".into(), label: label.into(), current: at == 0 })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_gallery_has_each_id_once() {
        let html = super::page(crate::words::Words::of("en"));
        let mut ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(all, ids.len());
        assert!(!html.contains("style="));
    }
}
