//! Rules that show an item only where other answers say so: enableWhen, read and written.

use serde_json::{Value, json};

use super::super::definition::{Choice, Combine, Condition, Definition, Item, Kind, ShowIf, Test};
use super::file::{choice_of, decimal, list, number, ours, text};
use super::url;

/// A rule that was read. Nothing in it: the file has one that cannot be kept.
pub type Rule = Option<ShowIf>;

/// Several rules, all of which have to hold, as one. Errors: together they cannot be said.
pub fn together(rules: &[Rule]) -> Result<Option<ShowIf>, ()> {
    let mut distinct: Vec<&ShowIf> = Vec::new();
    for rule in rules {
        let rule = rule.as_ref().ok_or(())?;
        if !distinct.contains(&rule) {
            distinct.push(rule);
        }
    }
    match distinct.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((*one).clone())),
        several => {
            if several.iter().any(|rule| rule.combine == Combine::Any && rule.conditions.len() > 1) {
                return Err(());
            }
            let mut conditions: Vec<Condition> = Vec::new();
            for condition in several.iter().flat_map(|rule| &rule.conditions) {
                if !conditions.contains(condition) {
                    conditions.push(condition.clone());
                }
            }
            Ok(Some(ShowIf { combine: Combine::All, conditions }))
        }
    }
}

/// Whether an item is shown under a condition.
pub fn has_one(item: &Value) -> bool {
    !list(item, "enableWhen").is_empty() || by_expression(item)
}

fn by_expression(item: &Value) -> bool {
    list(item, "extension").iter().any(|one| text(one, "url").ends_with("enableWhenExpression"))
}

/// The rule of an item, if it has one. `asked` finds the question that a condition names, among those before it.
pub fn read<'i>(item: &Value, asked: impl Fn(&str) -> Option<&'i Item>) -> Option<Rule> {
    let conditions = list(item, "enableWhen");
    // More than any rule of ours has.
    if by_expression(item) || conditions.len() > 100 {
        return Some(None);
    }
    if conditions.is_empty() {
        return None;
    }
    let combine = match text(item, "enableBehavior") {
        "all" => Combine::All,
        "any" => Combine::Any,
        _ if conditions.len() == 1 => Combine::All,
        _ => Combine::Any,
    };
    let read: Option<Vec<Condition>> = conditions.iter().map(|one| condition(one, &asked)).collect();
    Some(read.map(|conditions| ShowIf { combine, conditions }))
}

fn condition<'i>(one: &Value, asked: &impl Fn(&str) -> Option<&'i Item>) -> Option<Condition> {
    let asked = asked(text(one, "question"))?;
    let (kind, answer) = choice_of(one, "answer")?;
    let test = match (text(one, "operator"), answer.as_bool()) {
        ("exists", Some(true)) => Test::Answered,
        ("exists", Some(false)) => Test::NotAnswered,
        ("=", _) => Test::Is,
        ("!=", _) => Test::IsNot,
        (">", _) => Test::Over,
        ("<", _) => Test::Under,
        (">=", _) => Test::AtLeast,
        ("<=", _) => Test::AtMost,
        _ => return None,
    };
    let value = if test.needs_value() { value(one, asked, (kind, answer))? } else { String::new() };
    Some(Condition { question: asked.id.clone(), test, value })
}

fn value(one: &Value, asked: &Item, (kind, answer): (&str, &Value)) -> Option<String> {
    // As it was written here, where other programs would write it in another way.
    if let Some(own) = ours(one, "value") {
        return own["valueString"].as_str().map(str::to_string);
    }
    match (asked.kind, kind) {
        (Kind::Single | Kind::Multiple, "Coding") => choice(asked, answer).map(|choice| choice.code.clone()),
        (Kind::Single | Kind::Multiple, _) => {
            let plain = plain(answer)?;
            let found = asked.choices.iter().find(|choice| choice.label.trim() == plain.trim());
            found.or_else(|| asked.choice(&plain)).map(|choice| choice.code.clone())
        }
        (Kind::YesNo, "Boolean") => Some(if answer.as_bool()? { "yes".into() } else { "no".into() }),
        (Kind::Number | Kind::Scale, "Integer" | "Decimal") => decimal(answer),
        (Kind::Number | Kind::Scale, "Quantity") => decimal(&answer["value"]),
        (Kind::Date, "Date" | "DateTime") => answer.as_str()?.get(..10).map(str::to_string),
        (Kind::ShortText | Kind::LongText, "String" | "Uri" | "Time") => answer.as_str().map(str::to_string),
        _ => None,
    }
}

/// A text or a number as a text.
pub fn plain(value: &Value) -> Option<String> {
    value.as_str().map(str::to_string).or_else(|| decimal(value))
}

/// The choice that a coding means: by its code in its system, or by what it is called.
pub fn choice<'i>(item: &'i Item, coding: &Value) -> Option<&'i Choice> {
    let (system, code, display) = (text(coding, "system"), text(coding, "code"), text(coding, "display"));
    let code_is =
        |choice: &Choice| !code.is_empty() && (choice.code == code || choice.code == super::file::sound(code));
    let label_is = |choice: &Choice| !display.is_empty() && choice.label.trim() == display.trim();
    let same = |choice: &Choice| choice.system == system;
    let one_has_none = |choice: &Choice| system.is_empty() || choice.system.is_empty();
    let find = |fits: &dyn Fn(&Choice) -> bool| item.choices.iter().find(|choice| fits(choice));
    find(&|choice| same(choice) && code_is(choice))
        .or_else(|| find(&|choice| same(choice) && label_is(choice)))
        .or_else(|| find(&|choice| one_has_none(choice) && code_is(choice)))
        .or_else(|| find(&|choice| code.is_empty() && label_is(choice)))
}

/// Puts the rule of an item of ours into an item of a file.
pub fn write(into: &mut Value, rule: &ShowIf, definition: &Definition) {
    let combine = if rule.combine == Combine::Any { "any" } else { "all" };
    into["enableWhen"] = rule.conditions.iter().map(|condition| written(condition, definition)).collect();
    into["enableBehavior"] = json!(combine);
}

fn written(condition: &Condition, definition: &Definition) -> Value {
    let operator = match condition.test {
        Test::Answered | Test::NotAnswered => "exists",
        Test::Is => "=",
        Test::IsNot => "!=",
        Test::Over => ">",
        Test::Under => "<",
        Test::AtLeast => ">=",
        Test::AtMost => "<=",
    };
    let mut written = json!({"question": condition.question, "operator": operator});
    let Some(asked) = definition.item(&condition.question) else { return written };
    let value = condition.value.as_str();
    match (condition.test, asked.kind) {
        (Test::Answered, _) => written["answerBoolean"] = json!(true),
        (Test::NotAnswered, _) => written["answerBoolean"] = json!(false),
        (_, Kind::Single | Kind::Multiple) => {
            written["answerCoding"] = asked.choice(value).map_or(Value::Null, super::write::coding);
        }
        (_, Kind::YesNo) => written["answerBoolean"] = json!(value == "yes"),
        (_, Kind::Number) => written["answerDecimal"] = number(value),
        (_, Kind::Scale) if value.parse::<i64>().is_ok() => written["answerInteger"] = number(value),
        (_, Kind::Scale) => written["answerDecimal"] = number(value),
        (_, Kind::Date) => {
            let date = value.parse::<jiff::civil::Date>();
            written["answerDate"] = json!(date.map_or_else(|_| value.to_string(), |date| date.to_string()));
        }
        _ => written["answerString"] = json!(value),
    }
    let reads_so = |written: &Value| self::condition(written, &|_| Some(asked)).is_some_and(|read| read == *condition);
    if condition.test.needs_value() && !reads_so(&written) {
        written["extension"] = json!([{"url": url::ours("value"), "valueString": value}]);
    }
    written
}
