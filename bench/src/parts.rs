//! Which parts of a run are wanted: all, or those that BENCH_ONLY names.

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Start,
    Reads,
    Additions,
    SignIn,
    Floods,
    LongLife,
    Filling,
    Chat,
}

const ALL: [(&str, Part); 8] = [
    ("start", Part::Start),
    ("reads", Part::Reads),
    ("additions", Part::Additions),
    ("sign-in", Part::SignIn),
    ("floods", Part::Floods),
    ("long-life", Part::LongLife),
    ("filling", Part::Filling),
    ("chat", Part::Chat),
];

/// Those that are measured on the crowd and its tenth, side by side.
pub const OF_A_PAIR: [Part; 6] =
    [Part::Reads, Part::Additions, Part::SignIn, Part::Floods, Part::LongLife, Part::Filling];

pub struct Parts(Vec<Part>);

impl Parts {
    /// As the environment says, apart by commas.
    pub fn asked() -> Parts {
        let said = std::env::var("BENCH_ONLY").unwrap_or_default();
        let names: Vec<&str> = said.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let known = ALL.map(|(name, _)| name).join(", ");
        let part = |name: &&str| {
            let found = ALL.iter().find(|(known, _)| known == name);
            found.unwrap_or_else(|| panic!("BENCH_ONLY: there is no {name}, only {known}")).1
        };
        match names.as_slice() {
            [] => Parts(ALL.map(|(_, part)| part).to_vec()),
            names => Parts(names.iter().map(part).collect()),
        }
    }

    pub fn have(&self, part: Part) -> bool {
        self.0.contains(&part)
    }

    pub fn have_any(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.have(*part))
    }
}
