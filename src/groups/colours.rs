//! The palette: each colour has a name and stands out from the page in light and in dark (web/css holds the shades).

/// One colour that a group can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// What the database and the style sheet call it.
    pub key: &'static str,
    pub name: &'static str,
}

pub const COLOURS: [Colour; 10] = [
    Colour { key: "blue", name: "Blue" },
    Colour { key: "violet", name: "Violet" },
    Colour { key: "amber", name: "Amber" },
    Colour { key: "green", name: "Green" },
    Colour { key: "teal", name: "Teal" },
    Colour { key: "red", name: "Red" },
    Colour { key: "pink", name: "Pink" },
    Colour { key: "brown", name: "Brown" },
    Colour { key: "olive", name: "Olive" },
    Colour { key: "grey", name: "Grey" },
];

pub fn find(key: &str) -> Option<Colour> {
    COLOURS.into_iter().find(|colour| colour.key == key)
}
