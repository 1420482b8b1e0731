//! A questionnaire of another program, or of ours, as a form.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::Purpose;
use super::super::definition::{Code, Definition, Item, Kind};
use super::choices::Sets;
use super::file::{self, DEPTH, ITEMS, choice_of, control, extension, list, ours, says, sound, text, unlike};
use super::notes::Notes;
use super::rules::{self, Rule, together};
use crate::people::is_forbidden;

/// A form as it was in a file, and what could not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromFile {
    pub purpose: Purpose,
    pub definition: Definition,
    /// Sentences for whoever brought it in.
    pub notes: Vec<String>,
}

/// Reads a file. What is in it may still have problems. Errors: it is no questionnaire at all, and why.
pub fn read(bytes: &[u8]) -> Result<FromFile, String> {
    let whole = file::parse(bytes)?;
    let (questionnaire, beside) = questionnaire(&whole)?;
    let mut links = BTreeSet::new();
    let mut count = 0;
    survey(list(questionnaire, "item"), 0, &mut links, &mut count)?;
    if count == 0 {
        return Err("There is no question in this questionnaire.".into());
    }
    let contained = list(questionnaire, "contained").iter();
    let mut reader = Reader {
        sets: Sets::of(contained.chain(beside)),
        notes: Notes::default(),
        items: Vec::new(),
        waiting: Vec::new(),
        links,
        ids: BTreeMap::new(),
        taken: BTreeSet::new(),
        origin: if ours(questionnaire, "purpose").is_some() { Origin::Ours } else { Origin::Theirs },
    };
    let definition = reader.form(questionnaire);
    if definition.items.is_empty() {
        return Err("There is no question in this questionnaire that could be kept.".into());
    }
    let purpose = reader.purpose(questionnaire, &definition);
    Ok(FromFile { purpose, definition, notes: reader.notes.said() })
}

/// The one questionnaire of a file, and the resources beside it.
fn questionnaire(whole: &Value) -> Result<(&Value, Vec<&Value>), String> {
    match text(whole, "resourceType") {
        "Questionnaire" => Ok((whole, Vec::new())),
        "QuestionnaireResponse" => {
            Err("These are the answers to a questionnaire. Please take the file of the questionnaire itself.".into())
        }
        "Bundle" => {
            let all: Vec<&Value> = list(whole, "entry").iter().map(|entry| &entry["resource"]).collect();
            let found: Vec<&Value> =
                all.iter().copied().filter(|one| text(one, "resourceType") == "Questionnaire").collect();
            match found.as_slice() {
                [one] => Ok((one, all)),
                [] => Err("There is no questionnaire in this file.".into()),
                several => Err(format!("There are {} questionnaires in this file: take one at a time.", several.len())),
            }
        }
        _ => Err("The file is no FHIR questionnaire.".into()),
    }
}

/// How many items there are, how deep, and which of their names could be ids of ours as they are.
fn survey(items: &[Value], depth: usize, links: &mut BTreeSet<String>, count: &mut usize) -> Result<(), String> {
    if depth > DEPTH {
        return Err(format!("The questions lie too deep within each other: {DEPTH} levels at most."));
    }
    for item in items {
        *count += 1;
        if *count > ITEMS {
            return Err(format!("The questionnaire has too many items: {ITEMS} at most."));
        }
        let link = text(item, "linkId");
        if super::super::is_id(link) {
            links.insert(link.to_string());
        }
        survey(list(item, "item"), depth + 1, links, count)?;
    }
    Ok(())
}

/// Reads one questionnaire.
pub struct Reader<'f> {
    pub sets: Sets<'f>,
    pub notes: Notes,
    items: Vec<Item>,
    /// Texts of groups that hold nothing but groups: they go to the first page of these.
    waiting: Vec<Item>,
    /// Names in the file that are ids of ours as they are.
    links: BTreeSet<String>,
    ids: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    pub origin: Origin,
}

/// Who wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This program: every question in it is one of ours.
    Ours,
    Theirs,
}

/// Where an item stands.
#[derive(Debug, Clone, Default)]
struct Place {
    depth: usize,
    /// What has to hold for a page of its own here, and for an item on the page that goes on here.
    page: Vec<Rule>,
    item: Vec<Rule>,
    /// Within something that stays on the page that goes on.
    inline: bool,
    /// Something comes after it that must not land on another page.
    followed: bool,
}

/// What becomes of an item of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    LeftOut,
    /// A page of its own, with its heading.
    Page,
    /// A group that stays on the page that goes on.
    Group,
    Leaf,
}

impl<'f> Reader<'f> {
    fn form(&mut self, file: &'f Value) -> Definition {
        let title = [text(file, "title"), text(file, "name")].into_iter().find(|title| !title.trim().is_empty());
        let mut definition = Definition {
            title: one_line(title.unwrap_or("Questionnaire"), &mut self.notes),
            codes: codes(file),
            ..Definition::default()
        };
        let items = list(file, "item");
        let intro = items.iter().find(|item| ours(item, "part").is_some_and(|part| text(part, "valueCode") == "intro"));
        if let Some(intro) = intro {
            definition.intro = self.clean(text(intro, "text"));
        }
        if !text(file, "description").trim().is_empty() {
            self.notes
                .say("The file has a description, which is for those who choose the form: clients do not see it.");
        }
        self.unknown(file, "the questionnaire as a whole");
        self.all(items, &Place::default());
        if extension(file, "questionnaire-signatureRequired").is_some() {
            self.signature("form", &Place::default());
        }
        self.copyright(file);
        definition.items = std::mem::take(&mut self.items);
        self.drop_rules(&mut definition);
        definition
    }

    /// A policy and a welcome text of ours stay what they are, if they still are.
    fn purpose(&mut self, file: &Value, definition: &Definition) -> Purpose {
        let said = ours(file, "purpose").map_or("", |one| text(one, "valueCode"));
        let purpose = Purpose::parse(said).unwrap_or(Purpose::Form);
        if purpose.fits(definition) {
            return purpose;
        }
        self.notes.say("It asks more than a policy or a welcome text does, and became a form.");
        Purpose::Form
    }

    /// Published instruments ask to be shown with whose they are.
    fn copyright(&mut self, file: &Value) {
        let copyright = text(file, "copyright");
        if copyright.trim().is_empty() {
            return;
        }
        self.notes.say("Its copyright notice stands at the end, where clients see it.");
        let item = Item::new(self.id("copyright"), Kind::Explanation, self.clean(copyright));
        self.push(item, &[], "");
    }

    fn signature(&mut self, of: &str, place: &Place) {
        let mut item = Item::new(self.id(&format!("{of}.signature")), Kind::Signature, "Signature");
        item.required = true;
        self.push(item, &place.item, "");
    }

    /// An id for an item of the file: its own name where that can be.
    pub fn id(&mut self, link: &str) -> String {
        let wanted = match sound(link) {
            wanted if wanted.is_empty() => "q".to_string(),
            wanted => wanted,
        };
        // What was made up must not take the name that another item has in the file.
        let id = if wanted == link && !self.taken.contains(link) {
            wanted
        } else {
            let short: String = wanted.chars().take(56).collect();
            unlike(&short, |id| self.taken.contains(id) || self.links.contains(id))
        };
        self.taken.insert(id.clone());
        if !link.is_empty() {
            self.ids.entry(link.to_string()).or_insert_with(|| id.clone());
        }
        id
    }

    /// A text without what cannot be kept.
    pub fn clean(&mut self, text: &str) -> String {
        clean(text, &mut self.notes)
    }

    fn rule(&self, item: &Value) -> Option<Rule> {
        rules::read(item, |link| {
            let id = self.ids.get(link)?;
            self.items.iter().find(|item| item.id == *id && item.kind.is_question())
        })
    }

    fn plan(&self, items: &[Value], place: &Place) -> Vec<Part> {
        let mut followed = place.followed;
        let mut parts: Vec<Part> = items
            .iter()
            .rev()
            .map(|item| {
                let part = self.part(item, place, followed);
                followed = match part {
                    Part::LeftOut => followed,
                    Part::Page => false,
                    Part::Group | Part::Leaf => true,
                };
                part
            })
            .collect();
        parts.reverse();
        parts
    }

    fn part(&self, item: &Value, place: &Place, followed: bool) -> Part {
        let is_intro = ours(item, "part").is_some();
        if is_hidden(item) || is_intro || (place.depth > 0 && is_beside(item)) {
            Part::LeftOut
        } else if !is_group(item) {
            Part::Leaf
        } else {
            let no_page = text(item, "text").trim().is_empty() || place.inline;
            let in_the_way = followed && (place.depth > 0 || rules::has_one(item));
            if no_page || in_the_way { Part::Group } else { Part::Page }
        }
    }

    fn all(&mut self, items: &'f [Value], place: &Place) {
        let parts = self.plan(items, place);
        for (at, (item, part)) in items.iter().zip(&parts).enumerate() {
            let followed = match parts[at + 1..].iter().find(|part| **part != Part::LeftOut) {
                None => place.followed,
                next => next != Some(&Part::Page),
            };
            match part {
                Part::LeftOut if is_hidden(item) => {
                    self.notes.of("Hidden questions were left out", name(item));
                }
                Part::LeftOut => {}
                Part::Page => self.page(item, place, followed),
                Part::Group => self.group(item, place),
                Part::Leaf => self.leaf(item, place),
            }
        }
    }

    fn page(&mut self, item: &'f Value, place: &Place, followed: bool) {
        self.group_notes(item);
        let mut page = place.page.clone();
        page.extend(self.rule(item));
        let within = Place { depth: place.depth + 1, page, item: Vec::new(), inline: false, followed };
        let children = list(item, "item");
        let first = self.plan(children, &within).into_iter().find(|part| *part != Part::LeftOut);
        let kind = if first == Some(Part::Page) { Kind::Explanation } else { Kind::Heading };
        let mut heading = self.titled(item, kind);
        heading.help = self.help(item);
        heading.required = says(item, "required");
        if kind == Kind::Explanation {
            // The page comes with the group within: until then its rule is not asked.
            self.waiting.push(heading);
        } else {
            self.push(heading, &within.page, text(item, "text"));
            for waiting in std::mem::take(&mut self.waiting) {
                self.push(waiting, &[], "");
            }
        }
        self.all(children, &within);
        self.sign(item, &within);
    }

    fn group(&mut self, item: &'f Value, place: &Place) {
        self.group_notes(item);
        let mut rules = place.item.clone();
        rules.extend(self.rule(item));
        let within =
            Place { depth: place.depth + 1, page: Vec::new(), item: rules, inline: true, followed: place.followed };
        if !text(item, "text").trim().is_empty() {
            let mut title = self.titled(item, Kind::Explanation);
            title.help = self.help(item);
            self.push(title, &within.item, text(item, "text"));
        }
        self.all(list(item, "item"), &within);
        self.sign(item, &within);
    }

    fn sign(&mut self, item: &Value, within: &Place) {
        if extension(item, "questionnaire-signatureRequired").is_some() {
            self.signature(text(item, "linkId"), within);
        }
    }

    fn group_notes(&mut self, item: &Value) {
        if says(item, "repeats") {
            self.notes.of("Groups that can be filled in several times are there once", name(item));
        }
        self.unknown(item, name(item));
    }

    fn leaf(&mut self, item: &'f Value, place: &Place) {
        let mut rules = place.item.clone();
        rules.extend(self.rule(item));
        self.unknown(item, name(item));
        let Some(question) = self.question(item) else { return };
        self.push(question, &rules, name(item));
        let within =
            Place { depth: place.depth + 1, page: Vec::new(), item: rules, inline: true, followed: place.followed };
        self.all(list(item, "item"), &within);
    }

    /// Keeps an item. A rule that cannot be kept is worse than none: whoever answers sees too much then, and must not be
    /// made to answer it.
    fn push(&mut self, mut item: Item, rules: &[Rule], name: &str) {
        match together(rules) {
            Ok(rule) => item.show_if = rule,
            Err(()) => {
                self.notes.of(ALWAYS, name);
                item.required = false;
            }
        }
        self.items.push(item);
    }

    /// Rules that were kept and do not fit: too many conditions, or no such answer.
    fn drop_rules(&mut self, definition: &mut Definition) {
        let bad = definition.problems().into_iter().filter(|problem| problem.field == "show_if");
        let bad: BTreeSet<String> = bad.map(|problem| problem.item).collect();
        for item in definition.items.iter_mut().filter(|item| bad.contains(&item.id)) {
            item.show_if = None;
            item.required = false;
            self.notes.of(ALWAYS, &item.text);
        }
    }

    pub fn titled(&mut self, item: &Value, kind: Kind) -> Item {
        let said = [text(item, "text"), list(item, "code").first().map_or("", |code| text(code, "display"))];
        let said = said.into_iter().find(|said| !said.trim().is_empty()).unwrap_or_else(|| text(item, "linkId"));
        let prefix = text(item, "prefix").trim();
        let said = self.clean(said);
        let whole =
            if prefix.is_empty() || said.starts_with(prefix) { said } else { format!("{prefix} {}", said.trim()) };
        let mut titled = Item::new(self.id(text(item, "linkId")), kind, whole);
        titled.scale = None;
        titled.codes = codes(item);
        titled
    }

    /// What helps to answer: displays within the item.
    pub fn help(&mut self, item: &Value) -> String {
        if let Some(own) = ours(item, "help") {
            return self.clean(text(own, "valueMarkdown"));
        }
        let texts: Vec<&str> =
            list(item, "item").iter().filter(|one| is_help(one)).map(|one| text(one, "text")).collect();
        self.clean(&texts.join("\n"))
    }

    /// Says which extensions nobody here knows.
    fn unknown(&mut self, of: &Value, name: &str) {
        for one in list(of, "modifierExtension").iter().chain(list(of, "extension")) {
            let url = text(one, "url");
            let last = url.rsplit('/').next().unwrap_or_default();
            let ours = url.starts_with(super::OURS);
            if !ours && !KNOWN.contains(&last) && !last.is_empty() {
                self.notes.of("Details that this program does not know were left out", last);
            }
        }
        let initial = of["initial"].is_array() || choice_of(of, "initial").is_some();
        for (there, note) in [
            (initial, "Answers that stand there from the beginning were left out"),
            (!of["maxLength"].is_null(), "Limits to the length of an answer are not kept"),
        ] {
            if there {
                self.notes.of(note, name);
            }
        }
    }
}

const ALWAYS: &str = "It is always shown, and need not be answered, for its condition cannot be kept";

/// Extensions that are read, or that say only how something looks.
const KNOWN: &[&str] = &[
    "questionnaire-itemControl",
    "questionnaire-hidden",
    "questionnaire-unit",
    "questionnaire-unitOption",
    "questionnaire-sliderStepValue",
    "questionnaire-signatureRequired",
    "questionnaire-choiceOrientation",
    "questionnaire-displayCategory",
    "questionnaire-supportLink",
    "sdc-questionnaire-enableWhenExpression",
    "sdc-questionnaire-calculatedExpression",
    "sdc-questionnaire-choiceColumn",
    "sdc-questionnaire-preferredTerminologyServer",
    "sdc-questionnaire-openLabel",
    "cqf-expression",
    "entryFormat",
    "minValue",
    "maxValue",
    "maxDecimalPlaces",
    "rendering-style",
    "designNote",
];

fn codes(of: &Value) -> Vec<Code> {
    let code = |one: &Value| Code {
        system: text(one, "system").into(),
        code: text(one, "code").into(),
        display: text(one, "display").into(),
    };
    list(of, "code").iter().map(code).filter(|code| !code.code.is_empty()).collect()
}

fn is_group(item: &Value) -> bool {
    text(item, "type") == "group" || ours(item, "kind").is_some_and(|kind| text(kind, "valueCode") == "heading")
}

fn is_hidden(item: &Value) -> bool {
    extension(item, "questionnaire-hidden").is_some_and(|found| says(found, "valueBoolean"))
}

/// A display that helps with the item that it lies in, or names an end of its scale.
fn is_beside(item: &Value) -> bool {
    is_help(item) || (text(item, "type") == "display" && matches!(control(item), "lower" | "upper"))
}

fn is_help(item: &Value) -> bool {
    text(item, "type") == "display" && matches!(control(item), "help" | "flyover" | "unit")
}

/// What an item is called in notes.
pub fn name(item: &Value) -> &str {
    let (said, link) = (text(item, "text"), text(item, "linkId"));
    if said.trim().is_empty() { link } else { said }
}

pub fn clean(text: &str, notes: &mut Notes) -> String {
    let bad = |c: char| is_forbidden(c) && c != '\n' && c != '\t';
    let lines = text.replace("\r\n", "\n");
    if !lines.contains(bad) {
        return text.to_string();
    }
    notes.say("Characters that cannot be kept were left out.");
    lines.replace(bad, "")
}

pub fn one_line(text: &str, notes: &mut Notes) -> String {
    let text = clean(text, notes);
    if text.contains('\n') { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { text }
}
