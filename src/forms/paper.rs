//! Paper: one page of a form as whoever fills it in has it. The portal, the desk and the builder's preview print the same.
//!
//! Every control is called `q-<question>`. All items of the page are in it; those that are not shown are `hidden`, with
//! the rule beside them, so that a script shows them the moment an answer asks for them. What a rule asks about on another
//! page stands in `data-known`.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use askama::filters::HtmlSafe;

use super::answer::{self, Answer, Answers, LONG_LIMIT, OWN_LIMIT, Refusal, SHORT_LIMIT, Typed};
use super::definition::{Choice, Definition, Item, Kind, Scale, Topic};
use super::{AGREE, shown};
use crate::people;
use crate::words::Words;

/// What was typed and not taken, and why.
pub type Refused = BTreeMap<String, (Typed, Refusal)>;

/// A page of a form, built up by its setters and printed by `{{ paper }}`.
#[derive(Template)]
#[template(path = "forms/paper.html")]
pub struct Paper {
    heading: Option<Item>,
    asked: Vec<Asked>,
    /// Answers on other pages that rules on this one ask about: JSON by question.
    known: String,
    /// Where a chosen file is sent; empty: nowhere, as in a preview.
    files: String,
    words: Words,
}

impl HtmlSafe for Paper {}

/// One item of the page.
struct Asked {
    item: Item,
    id: String,
    is_shown: bool,
    /// The rule as JSON; empty: it is always shown.
    rule: String,
    typed: Typed,
    /// The document that was given; empty: none.
    document: String,
    error: Option<String>,
}

impl Paper {
    /// The page `number` of a form, counted from 0, as the answers stand. A page that is not there is empty.
    pub fn new(definition: &Definition, number: usize, answers: &Answers, words: Words) -> Paper {
        let topics = definition.topics();
        let none = Topic { heading: None, items: &[] };
        let topic = topics.get(number).unwrap_or(&none);
        let visible = shown(definition, answers);
        // A page that is hidden as a whole is shown all the same to whoever looks at it: the preview does.
        let is_page_shown = topic.heading.is_none_or(|heading| visible.contains(heading.id.as_str()));
        let asked = |item: &Item| Asked {
            id: field_name(&item.id),
            is_shown: visible.contains(item.id.as_str()) || (!is_page_shown && item.show_if.is_none()),
            rule: item.show_if.as_ref().and_then(|rule| serde_json::to_string(rule).ok()).unwrap_or_default(),
            typed: answers.get(&item.id).map(answer::typed).unwrap_or_default(),
            document: match answers.get(&item.id) {
                Some(Answer::File(file)) => file.document.to_string(),
                _ => String::new(),
            },
            error: None,
            item: item.clone(),
        };
        Paper {
            heading: topic.heading.cloned(),
            asked: topic.items.iter().map(asked).collect(),
            known: known(topic, answers, &visible),
            files: String::new(),
            words,
        }
    }

    /// Shows what was typed and not taken in its fields, with the message beside it.
    pub fn refused(mut self, refused: &Refused) -> Paper {
        for asked in &mut self.asked {
            let Some((typed, refusal)) = refused.get(&asked.item.id) else { continue };
            asked.typed = typed.clone();
            asked.error = Some(said(*refusal, self.words));
        }
        self
    }

    /// Where a chosen file is sent.
    pub fn files_to(mut self, address: &str) -> Paper {
        self.files = address.to_string();
        self
    }

    /// What the error summary links to: the control of each question with a message, in order.
    pub fn errors(&self) -> Vec<(String, String)> {
        self.asked.iter().filter_map(|asked| Some((asked.first_id(), asked.error.clone()?))).collect()
    }

    /// The ids of the items that are shown, apart by spaces.
    pub fn shown_ids(&self) -> String {
        let shown = self.asked.iter().filter(|asked| asked.is_shown).map(|asked| asked.item.id.as_str());
        shown.collect::<Vec<_>>().join(" ")
    }

    pub fn is_empty(&self) -> bool {
        self.heading.is_none() && self.asked.is_empty()
    }

    fn t(&self, key: &str) -> String {
        self.words.t(key)
    }
}

/// The name of a question's control.
pub fn field_name(question: &str) -> String {
    format!("q-{question}")
}

/// Why an answer was not taken, in words.
pub fn said(refusal: Refusal, words: Words) -> String {
    words.with(refusal.key(), &[("limit", &refusal.limit())])
}

/// Paragraphs of a text: what an empty line sets apart.
fn paragraphs(text: &str) -> Vec<&str> {
    text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// Answers to what the page's rules ask about and the page does not; of those that are shown.
fn known(topic: &Topic, answers: &Answers, visible: &BTreeSet<&str>) -> String {
    let here: BTreeSet<&str> = topic.items.iter().map(|item| item.id.as_str()).collect();
    let rules = topic.items.iter().filter_map(|item| item.show_if.as_ref());
    let asked = rules.flat_map(|rule| &rule.conditions).map(|condition| condition.question.as_str());
    let other = asked.filter(|question| !here.contains(question) && visible.contains(question));
    let known: BTreeMap<&str, &Answer> =
        other.filter_map(|question| Some((question, answers.get(question)?))).collect();
    serde_json::to_string(&known).unwrap_or_default()
}

impl Asked {
    /// Several controls under one question, which a legend holds together.
    fn is_group(&self) -> bool {
        matches!(self.item.kind, Kind::Single | Kind::Multiple | Kind::Scale | Kind::YesNo | Kind::Signature)
            && !self.is_agreement()
    }

    /// The one box that a policy is agreed to with.
    fn is_agreement(&self) -> bool {
        self.item.kind == Kind::Single && self.item.id == AGREE && self.item.choices.len() == 1
    }

    fn is_question(&self) -> bool {
        self.item.kind.is_question()
    }

    fn is_optional(&self) -> bool {
        self.is_question() && !self.item.required
    }

    /// Where a link to the question leads: its first control.
    fn first_id(&self) -> String {
        if self.is_group() && self.item.kind != Kind::Signature { format!("{}-0", self.id) } else { self.id.clone() }
    }

    fn first(&self) -> &str {
        self.typed.values.first().map_or("", String::as_str)
    }

    fn is_chosen(&self, value: &str) -> bool {
        self.typed.values.iter().any(|chosen| chosen == value)
    }

    fn choice_type(&self) -> &'static str {
        if self.item.kind == Kind::Multiple { "checkbox" } else { "radio" }
    }

    /// Each choice with the place it has.
    fn choices(&self) -> impl Iterator<Item = (usize, &Choice)> {
        self.item.choices.iter().enumerate()
    }

    /// Each step of a scale with the place it has.
    fn steps(&self) -> Vec<(usize, String)> {
        let steps = |scale: &Scale| (scale.from..=scale.to).map(|step| step.to_string()).enumerate().collect();
        self.item.scale.as_ref().map(steps).unwrap_or_default()
    }

    fn low(&self) -> &str {
        self.item.scale.as_ref().map_or("", |scale| &scale.low)
    }

    fn high(&self) -> &str {
        self.item.scale.as_ref().map_or("", |scale| &scale.high)
    }

    /// A date control swallows what is no date; typed text must stay to be put right.
    fn date_type(&self) -> &'static str {
        let typed = self.first();
        let is_date = typed.len() == 10 && typed.parse::<jiff::civil::Date>().is_ok();
        if typed.is_empty() || is_date { "date" } else { "text" }
    }

    fn limit(&self) -> usize {
        match self.item.kind {
            Kind::LongText => LONG_LIMIT,
            Kind::Signature => people::LINE_LIMIT,
            _ => SHORT_LIMIT,
        }
    }

    fn own_limit(&self) -> usize {
        OWN_LIMIT
    }

    fn described_by(&self) -> String {
        let mut ids = vec![format!("{}-error", self.id)];
        if !self.item.help.is_empty() {
            ids.push(format!("{}-help", self.id));
        }
        if self.is_optional() {
            ids.push(format!("{}-optional", self.id));
        }
        ids.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ShowIf, Test};
    use super::*;
    use crate::forms::{Combine, Condition, policy};

    fn choice(code: &str, label: &str) -> Choice {
        Choice { code: code.into(), label: label.into(), system: String::new(), points: None, alert: false }
    }

    fn on(question: &str, value: &str) -> Option<ShowIf> {
        let condition = Condition { question: question.into(), test: Test::Is, value: value.into() };
        Some(ShowIf { combine: Combine::All, conditions: vec![condition] })
    }

    fn form() -> Definition {
        let mut smokes = Item::new("smokes", Kind::Single, "Do you smoke?");
        smokes.choices = vec![choice("y", "Yes"), choice("n", "<b>No</b>")];
        let mut many = Item::new("many", Kind::Number, "How many a day?");
        many.show_if = on("smokes", "y");
        many.required = true;
        let mut since = Item::new("since", Kind::Date, "Since when?");
        since.show_if = on("smokes", "y");
        let items = vec![smokes, many, Item::new("h", Kind::Heading, "More"), since];
        Definition { title: "Habits".into(), items, ..Definition::default() }
    }

    fn words() -> Words {
        Words::of("en")
    }

    #[test]
    fn every_kind_is_printed_with_one_name_for_its_question() {
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_question() && *kind != Kind::File) {
            let mut item = Item::new("a", kind, "Question?");
            if kind.has_choices() {
                item.choices = vec![choice("x", "X"), choice("y", "Y")];
            }
            let definition = Definition { title: "T".into(), items: vec![item], ..Definition::default() };
            let html = Paper::new(&definition, 0, &Answers::new(), words()).to_string();
            assert!(html.contains(r#"name="q-a""#), "{kind:?}: {html}");
            assert!(html.contains("Question?") && html.contains("q-a-optional"), "{kind:?}: {html}");
        }
    }

    #[test]
    fn what_no_answer_asks_for_is_hidden_with_its_rule_beside_it() {
        let html = Paper::new(&form(), 0, &Answers::new(), words()).to_string();
        assert!(html.contains(r#"data-question="many" data-kind="number" data-show-if=""#), "{html}");
        assert_eq!(html.matches(r#"}" hidden>"#).count(), 1, "{html}");
        assert!(html.contains("&#60;b&#62;No"), "texts of the practice are escaped: {html}");
    }

    #[test]
    fn a_page_knows_what_its_rules_ask_about_elsewhere() {
        let answers = Answers::from([("smokes".to_string(), Answer::Chosen(vec!["y".into()]))]);
        let paper = Paper::new(&form(), 1, &answers, words());
        assert_eq!(paper.known, r#"{"smokes":{"chosen":["y"]}}"#);
        assert_eq!(paper.shown_ids(), "since");
        assert_eq!(Paper::new(&form(), 1, &Answers::new(), words()).known, "{}");
    }

    #[test]
    fn what_was_not_taken_stays_with_its_message() {
        let typed = Typed { values: vec!["a lot".into()], own: String::new() };
        let refused = Refused::from([("many".to_string(), (typed, Refusal::NotANumber))]);
        let answers = Answers::from([("smokes".to_string(), Answer::Chosen(vec!["y".into()]))]);
        let paper = Paper::new(&form(), 0, &answers, words()).refused(&refused);
        assert_eq!(paper.errors().len(), 1);
        let html = paper.to_string();
        assert!(html.contains(r#"value="a lot""#) && html.contains(r#"aria-invalid="true""#), "{html}");
    }

    #[test]
    fn a_policy_is_one_box_to_tick() {
        let html = Paper::new(&policy("Rules", "First.\n\nSecond."), 0, &Answers::new(), words()).to_string();
        assert_eq!(html.matches("<input").count(), 1, "{html}");
        assert!(html.contains(r#"type="checkbox""#) && html.contains("I have read this"), "{html}");
        assert_eq!(html.matches("<p dir=\"auto\">").count(), 2, "{html}");
    }

    #[test]
    fn every_refusal_has_its_words() {
        let all = [
            Refusal::Missing,
            Refusal::TooLong(500),
            Refusal::ControlCharacter,
            Refusal::NotANumber,
            Refusal::NotADate,
            Refusal::NoSuchChoice,
            Refusal::NoName,
            Refusal::BadDrawing,
        ];
        assert!(all.into_iter().all(|refusal| words().has(refusal.key())));
    }
}
