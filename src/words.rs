//! Every text that a client can read, through Fluent. One language now; a second one is a second folder.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

/// A language's texts; cheap to copy.
#[derive(Clone, Copy)]
pub struct Words {
    lang: &'static str,
    bundle: &'static FluentBundle<FluentResource>,
}

const ENGLISH: &[&str] = &[include_str!("words/en.ftl"), include_str!("words/en-ui.ftl")];

fn english() -> &'static FluentBundle<FluentResource> {
    static BUNDLE: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let mut bundle = FluentBundle::new_concurrent(vec![unic_langid::langid!("en")]);
        // Isolation marks would turn up in subjects and links; names that need them get <bdi> in the pages.
        bundle.set_use_isolating(false);
        for text in ENGLISH {
            let resource = FluentResource::try_new((*text).to_string()).unwrap_or_else(|(resource, errors)| {
                debug_assert!(errors.is_empty(), "words: {errors:?}");
                resource
            });
            if let Err(errors) = bundle.add_resource(resource) {
                debug_assert!(errors.is_empty(), "words: {errors:?}");
            }
        }
        bundle
    })
}

impl Words {
    /// The texts for a language tag; English where there is none yet.
    pub fn of(_lang: &str) -> Words {
        Words { lang: "en", bundle: english() }
    }

    pub fn lang(&self) -> &'static str {
        self.lang
    }

    /// Writing direction of the language.
    pub fn dir(&self) -> &'static str {
        "ltr"
    }

    /// The text of a key.
    pub fn t(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// The text of a key with values put in.
    pub fn with(&self, key: &str, values: &[(&'static str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            match value.parse::<i64>() {
                // Numbers choose plural forms; a phone number or a name that looks like one stays a text.
                Ok(number) if !value.starts_with(['0', '+']) || *value == "0" => args.set(*name, number),
                _ => args.set(*name, FluentValue::from((*value).to_string())),
            }
        }
        self.format(key, Some(&args))
    }

    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    fn format(&self, key: &str, args: Option<&FluentArgs>) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|m| m.value()) else {
            debug_assert!(false, "no words for {key}");
            return key.to_string();
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, args, &mut errors).into_owned();
        debug_assert!(errors.is_empty(), "words for {key}: {errors:?}");
        text
    }
}
