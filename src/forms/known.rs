//! Published versions that were read lately, taken apart. A version never changes, and while fifty people fill in a form
//! every letter asks for it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::Definition;
use crate::error::{Error, Result};
use crate::ids::FormVersionId;

/// Bytes of kept texts; what is taken apart takes some times as much.
const LIMIT: usize = 2 * 1024 * 1024;

#[derive(Default)]
struct Known {
    by_id: HashMap<FormVersionId, (String, Arc<Definition>)>,
    bytes: usize,
}

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// What a version asks, from its kept text. Errors: it is none of ours.
pub fn definition(id: FormVersionId, text: String) -> Result<Arc<Definition>> {
    if let Some((known, definition)) = known().by_id.get(&id)
        && *known == text
    {
        return Ok(definition.clone());
    }
    let definition = Arc::new(read(&text)?);
    let mut known = known();
    if known.bytes + text.len() > LIMIT {
        *known = Known::default();
    }
    known.bytes += text.len();
    if let Some((before, _)) = known.by_id.insert(id, (text, definition.clone())) {
        known.bytes -= before.len();
    }
    Ok(definition)
}

pub fn read(text: &str) -> Result<Definition> {
    serde_json::from_str(text).map_err(|e| Error::internal(format!("a kept form cannot be read: {e}")))
}

fn known() -> std::sync::MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn text(title: &str) -> String {
        serde_json::to_string(&Definition { title: title.into(), ..Definition::default() }).unwrap()
    }

    #[test]
    fn what_is_known_is_what_is_kept() {
        let id = FormVersionId(Uuid::from_u128(1));
        let first = definition(id, text("One")).unwrap();
        assert!(Arc::ptr_eq(&first, &definition(id, text("One")).unwrap()));
        // Whatever an id named before: the text decides.
        assert_eq!(definition(id, text("Two")).unwrap().title, "Two");
        assert!(definition(id, "{".into()).is_err());
        // However many there are, they take no more than so much.
        for n in 2..200 {
            definition(FormVersionId(Uuid::from_u128(n)), text(&"long ".repeat(10_000))).unwrap();
            let known = known();
            let bytes: usize = known.by_id.values().map(|(text, _)| text.len()).sum();
            assert!(bytes == known.bytes && bytes <= LIMIT);
        }
        assert_eq!(definition(id, text("Two")).unwrap().title, "Two");
    }
}
