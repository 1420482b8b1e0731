//! Forms as files that other programs know: FHIR R4 Questionnaire, in JSON, in and out; and the answers to one as a
//! QuestionnaireResponse. Published instruments come in so, with their exact wording and their codes.
//!
//! What is read was made by strangers. What cannot be kept is refused, or said in notes beside what came of it; never
//! lost in silence. What only we know (which answers alert, a text before the first question) goes out as extensions
//! of our own, so that a form of ours read back is the same form.

mod choices;
mod file;
mod notes;
mod question;
mod read;
mod response;
mod rules;
mod write;

pub use file::FILE_LIMIT;
pub use read::{FromFile, read};
pub use response::{Given, Misfit, Response, Status, read_response, response};
pub use write::{Exported, write};

use crate::ids::FormId;
use crate::practice::Practice;

/// What a form is called everywhere.
pub fn address(p: &Practice, form: FormId) -> String {
    format!("{}/api/v1/forms/{form}/questionnaire", p.app.config.public_url)
}

/// In front of our own extensions.
const OURS: &str = "https://ruh.care/fhir/";
const HL7: &str = "http://hl7.org/fhir/StructureDefinition/";

/// The addresses of extensions, ours and those of the standard.
mod url {
    use super::{HL7, OURS};

    pub fn ours(name: &str) -> String {
        format!("{OURS}{name}")
    }

    pub fn hl7(name: &str) -> String {
        format!("{HL7}{name}")
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_response;
