//! The components all pages share: layouts, fields, badges, tabs, messages. Each prints itself, escaped once.

mod field;
pub mod gallery;
mod icons;
mod parts;
pub mod qr;
mod shell;

pub use field::{Field, Option_, private_name};
pub use icons::{Icon, icon};
pub use parts::{Avatar, Empty, ErrorSummary, GroupDot, Link, Note, Status, Tab, Tabs, Tone, initials};
pub use qr::Svg;
pub use shell::{ErrorPage, NotYoursPage, Section, Shell, Toast, Undo};
