//! The icons: own drawings in simple strokes, printed inline so that they take the colour of the text beside them.

use std::fmt;

use askama::filters::HtmlSafe;

/// A drawing without words; whatever it stands for is said beside it.
#[derive(Clone, Copy)]
pub struct Icon(&'static str);

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>"#, self.0)
    }
}

impl HtmlSafe for Icon {}

/// The names of all icons, for the page that shows the components.
pub const NAMES: &[&str] = &[
    "archive",
    "calendar",
    "camera",
    "chat",
    "check",
    "chevron",
    "chevron-right",
    "clients",
    "clipboard",
    "clock",
    "close",
    "copy",
    "devices",
    "document",
    "dot",
    "down",
    "download",
    "edit",
    "error",
    "external",
    "eye",
    "eye-off",
    "gear",
    "grip",
    "heading",
    "history",
    "home",
    "info",
    "key",
    "keyboard",
    "line",
    "lines",
    "link",
    "lock",
    "mail",
    "menu",
    "more",
    "multiple",
    "number",
    "phone",
    "plus",
    "print",
    "rule",
    "scale",
    "search",
    "shield",
    "sign-out",
    "single",
    "switch",
    "text",
    "undo",
    "up",
    "user",
    "users",
    "warn",
    "yes-no",
];

/// An icon by its name. An unknown name gives the dot, and stops a debug build.
pub fn icon(name: &str) -> Icon {
    Icon(match name {
        "archive" => {
            r#"<path d="M4 8.5h16M5.5 8.5 6 19a1 1 0 0 0 1 1h10a1 1 0 0 0 1-1l.5-10.5M4 5.5a1 1 0 0 1 1-1h14a1 1 0 0 1 1 1v3H4zM10 12.5h4"/>"#
        }
        "calendar" => {
            r#"<rect x="4" y="5.5" width="16" height="14.5" rx="2.5"/><path d="M4 10h16M8.5 3.5v4M15.5 3.5v4"/>"#
        }
        "camera" => {
            r#"<path d="M4 8.5a1.5 1.5 0 0 1 1.5-1.5h2L9 4.8h6L16.5 7h2A1.5 1.5 0 0 1 20 8.5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5z"/><circle cx="12" cy="12.8" r="3.3"/>"#
        }
        "chat" => {
            r#"<path d="M4.5 6.5a2 2 0 0 1 2-2h11a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H11l-4.5 3.5v-3.5a2 2 0 0 1-2-2zM8.5 9h7M8.5 12.5h4.5"/>"#
        }
        "check" => r#"<circle cx="12" cy="12" r="8.5"/><path d="m8.5 12.2 2.4 2.4 4.6-5"/>"#,
        "chevron" => r#"<path d="m7 10 5 5 5-5"/>"#,
        "chevron-right" => r#"<path class="flip" d="m10 7 5 5-5 5"/>"#,
        "clients" | "users" => {
            r#"<circle cx="9" cy="8.5" r="3.5"/><path d="M3 19.5c.4-3.6 2.9-5.5 6-5.5s5.6 1.9 6 5.5M15.5 5.3a3.5 3.5 0 0 1 0 6.4M17.5 14.4c2 .7 3.2 2.5 3.5 5.1"/>"#
        }
        "clipboard" => {
            r#"<path d="M9 5H6.5A1.5 1.5 0 0 0 5 6.5v12A1.5 1.5 0 0 0 6.5 20h11a1.5 1.5 0 0 0 1.5-1.5v-12A1.5 1.5 0 0 0 17.5 5H15"/><rect x="9" y="3.5" width="6" height="3.5" rx="1"/><path d="m8.5 13.2 2.2 2.2 4.6-4.8"/>"#
        }
        "clock" => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>"#,
        "close" => r#"<path d="m6.5 6.5 11 11M17.5 6.5l-11 11"/>"#,
        "copy" => {
            r#"<rect x="8.5" y="8.5" width="11.5" height="11.5" rx="2.5"/><path d="M15.5 8.5V6A2 2 0 0 0 13.5 4H6a2 2 0 0 0-2 2v7.5a2 2 0 0 0 2 2h2.5"/>"#
        }
        "devices" => {
            r#"<rect x="3.5" y="5" width="13" height="9.5" rx="1.5"/><path d="M3 18h8.5"/><rect x="14.5" y="10" width="6" height="10" rx="1.5"/>"#
        }
        "document" => {
            r#"<path d="M7 3.5h7l4 4V19a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 6 19V5A1.5 1.5 0 0 1 7.5 3.5M13.5 3.5V8H18M9 12.5h6M9 16h6"/>"#
        }
        "download" => r#"<path d="M12 4v10.5m-4-4 4 4 4-4M5 19.5h14"/>"#,
        "edit" => {
            r#"<path d="m5 19 .7-3.7L15.5 5.5a1.9 1.9 0 0 1 2.7 0l.3.3a1.9 1.9 0 0 1 0 2.7L8.7 18.3zM14 7l3 3"/>"#
        }
        "error" => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5v5M12 16v.1"/>"#,
        "external" => {
            r#"<path d="M13.5 4.5h6v6M19.5 4.5 11 13M17 14v4a1.5 1.5 0 0 1-1.5 1.5H6A1.5 1.5 0 0 1 4.5 18V8.5A1.5 1.5 0 0 1 6 7h4"/>"#
        }
        "eye" => r#"<path d="M3 12c2-4 5.2-6 9-6s7 2 9 6c-2 4-5.2 6-9 6s-7-2-9-6z"/><circle cx="12" cy="12" r="2.7"/>"#,
        "eye-off" => {
            r#"<path d="M3 12c2-4 5.2-6 9-6s7 2 9 6c-2 4-5.2 6-9 6s-7-2-9-6z"/><circle cx="12" cy="12" r="2.7"/><path d="m4.5 4.5 15 15"/>"#
        }
        "gear" => {
            r#"<path d="M10.2 5.6L10.5 3.2L13.5 3.2L13.8 5.6L15.3 6.3L17.1 4.7L19.3 6.9L17.7 8.7L18.4 10.2L20.8 10.5L20.8 13.5L18.4 13.8L17.7 15.3L19.3 17.1L17.1 19.3L15.3 17.7L13.8 18.4L13.5 20.8L10.5 20.8L10.2 18.4L8.7 17.7L6.9 19.3L4.7 17.1L6.3 15.3L5.6 13.8L3.2 13.5L3.2 10.5L5.6 10.2L6.3 8.7L4.7 6.9L6.9 4.7L8.7 6.3z"/><circle cx="12" cy="12" r="2.7"/>"#
        }
        "history" => r#"<path d="M4.5 8.5A8.3 8.3 0 1 1 3.7 13M4 4.5v4.2h4.2M12 8v4.2l2.8 1.7"/>"#,
        "home" => {
            r#"<path d="m3.5 11.5 8.5-7 8.5 7M6 9.7V18a1.5 1.5 0 0 0 1.5 1.5h9A1.5 1.5 0 0 0 18 18V9.7M10 19.5V15a2 2 0 0 1 4 0v4.5"/>"#
        }
        "info" => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.7v.1"/>"#,
        "key" => r#"<circle cx="8" cy="15.5" r="4"/><path d="m11 12.7 8-8M15.5 8.2l2.8 2.8M18 5.7l2 2"/>"#,
        "keyboard" => {
            r#"<rect x="3" y="6.5" width="18" height="11" rx="2"/><path d="M7 10v.1M10.5 10v.1M14 10v.1M17.2 10v.1M8 14h8"/>"#
        }
        "link" => {
            r#"<path d="M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1"/>"#
        }
        "lock" => {
            r#"<rect x="5" y="10.5" width="14" height="9.5" rx="2.5"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5M12 14.5v2"/>"#
        }
        "mail" => r#"<rect x="3.5" y="5.5" width="17" height="13" rx="2.5"/><path d="m4.5 7.5 7.5 6 7.5-6"/>"#,
        "menu" => r#"<path d="M4.5 7h15M4.5 12h15M4.5 17h15"/>"#,
        "more" => r#"<path class="dots" d="M6 12v.1M12 12v.1M18 12v.1"/>"#,
        "phone" => {
            r#"<path d="M5 5.5c0-.6.5-1 1-1h2.6c.5 0 .9.3 1 .8l.7 2.9c.1.4 0 .8-.3 1L8.3 10.7a12 12 0 0 0 5 5l1.5-1.7c.2-.3.6-.4 1-.3l2.9.7c.5.1.8.5.8 1V18c0 .6-.4 1-1 1.5C11 20.5 3.5 13 5 5.5z"/>"#
        }
        "plus" => r#"<path d="M12 5.5v13M5.5 12h13"/>"#,
        "print" => {
            r#"<path d="M7 9V4.5h10V9M7 16.5H5.5A1.5 1.5 0 0 1 4 15v-4.5A1.5 1.5 0 0 1 5.5 9h13a1.5 1.5 0 0 1 1.5 1.5V15a1.5 1.5 0 0 1-1.5 1.5H17M7 14h10v5.5H7z"/>"#
        }
        "search" => r#"<circle cx="10.8" cy="10.8" r="6.3"/><path d="m15.5 15.5 4.5 4.5"/>"#,
        "shield" => {
            r#"<path d="M12 3.5c2.3 1.6 4.7 2.4 7.5 2.5 0 7-2 11.5-7.5 14.5C6.5 17.5 4.5 13 4.5 6c2.8-.1 5.2-.9 7.5-2.5zM8.8 12l2.3 2.3 4.2-4.6"/>"#
        }
        "sign-out" => {
            r#"<path class="flip" d="M14 4.5H7A1.5 1.5 0 0 0 5.5 6v12A1.5 1.5 0 0 0 7 19.5h7M10.5 12h9.5m-3.5-3.7L20 12l-3.5 3.7"/>"#
        }
        "switch" => r#"<path d="M4.5 9h14m-3.5-3.5L18.5 9 15 12.5M19.5 15.5h-14M9 12l-3.5 3.5L9 19"/>"#,
        "down" => r#"<path d="M12 5v14m-5.5-5.5L12 19l5.5-5.5"/>"#,
        "up" => r#"<path d="M12 19V5m-5.5 5.5L12 5l5.5 5.5"/>"#,
        "undo" => r#"<path class="flip" d="M8.5 5 4.5 9l4 4M5 9h9a5 5 0 0 1 0 10h-4"/>"#,
        "user" => r#"<circle cx="12" cy="8.5" r="4"/><path d="M4.5 20c.5-4 3.5-6 7.5-6s7 2 7.5 6"/>"#,
        "warn" => {
            r#"<path d="M10.3 5 3.4 17a2 2 0 0 0 1.7 3h13.8a2 2 0 0 0 1.7-3L13.7 5a2 2 0 0 0-3.4 0zM12 9.5v4.2M12 16.8v.1"/>"#
        }
        "grip" => r#"<path class="dots" d="M9.5 6v.1M14.5 6v.1M9.5 12v.1M14.5 12v.1M9.5 18v.1M14.5 18v.1"/>"#,
        "heading" => r#"<path d="M6.5 5v14M17.5 5v14M6.5 12h11"/>"#,
        "line" => r#"<path d="M4.5 16h15M4.5 12.5h9"/>"#,
        "lines" => r#"<path d="M4.5 7h15M4.5 12h15M4.5 17h9"/>"#,
        "multiple" => r#"<rect x="4.5" y="4.5" width="15" height="15" rx="3"/><path d="m8.5 12.2 2.4 2.4 4.6-5"/>"#,
        "number" => r#"<path d="M9.5 5 8 19M16 5l-1.5 14M5 9.5h14.5M4.5 14.5H19"/>"#,
        "rule" => r#"<path class="flip" d="M5 6v5a3 3 0 0 0 3 3h11m-4-4 4 4-4 4"/>"#,
        "scale" => r#"<path d="M4 12h16M5.5 8.5v7M12 10v4M18.5 8.5v7"/>"#,
        "single" => r#"<circle cx="12" cy="12" r="8"/><circle class="solid" cx="12" cy="12" r="3.5"/>"#,
        "text" => r#"<path d="M5 6.5h14M12 6.5V19"/>"#,
        "yes-no" => r#"<path d="m3.5 12 2.5 2.5 4.5-5M14.5 9.5l5 5m0-5-5 5"/>"#,
        other => {
            debug_assert!(other == "dot", "no icon {other}");
            r#"<circle class="solid" cx="12" cy="12" r="4"/>"#
        }
    })
}
