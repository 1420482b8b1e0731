// Which questions are shown, as the answers stand: the rules of src/forms/shown.rs.
const number = (text) => {
  const plain = text.trim().replace(',', '.').replace(/^\+/, '');
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : null;
};
const isDate = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));

/** The answer in a question's fields, as the server keeps it; nothing: it is not answered. */
export function answerOf(asked) {
  const controls = [...asked.querySelectorAll('[name]')];
  const values = controls.filter((c) => !/^(radio|checkbox)$/.test(c.type) || c.checked).filter((c) => !/-(own|drawn)$/.test(c.name)).map((c) => c.value);
  const own = asked.querySelector('[data-own]')?.value.trim() ?? '';
  const first = (values[0] ?? '').trim();
  switch (asked.dataset.kind) {
    case 'single':
    case 'multiple': {
      const chosen = values.flatMap((value) => (value === '~' ? (own ? [`~${own}`] : []) : [value]));
      return chosen.length > 0 ? { chosen } : null;
    }
    case 'yes_no': return first ? { yes_no: first === 'yes' } : null;
    case 'scale': return first ? { scale: Number(first) } : null;
    case 'number': return number(first) === null ? null : { number: first };
    case 'date': return isDate(first) ? { date: first } : null;
    case 'file': return asked.querySelector('[data-given]:not([hidden])') ? { file: {} } : null;
    case 'signature': return first ? { signature: { name: first } } : null;
    default: return first ? { text: first } : null;
  }
}

function is(condition, answer) {
  const { value } = condition;
  if (answer.chosen) return answer.chosen.includes(value);
  if ('yes_no' in answer) return value === (answer.yes_no ? 'yes' : 'no');
  if ('text' in answer) return answer.text.trim().toLowerCase() === value.trim().toLowerCase();
  if ('number' in answer) return number(answer.number) === number(value);
  if ('scale' in answer) return answer.scale === Number(value);
  if ('date' in answer) return answer.date === value;
  return false;
}

function compare(condition, answer) {
  const other = number(condition.value);
  let order = null;
  if ('date' in answer && isDate(condition.value)) order = answer.date.localeCompare(condition.value);
  else if ('number' in answer && other !== null) order = Math.sign(number(answer.number) - other);
  else if ('scale' in answer && other !== null) order = Math.sign(answer.scale - other);
  if (order === null) return false;
  switch (condition.test) {
    case 'over': return order > 0;
    case 'under': return order < 0;
    case 'at_least': return order >= 0;
    default: return order <= 0;
  }
}

function holds(condition, answer) {
  if (!answer) return condition.test === 'not_answered';
  switch (condition.test) {
    case 'answered': return true;
    case 'not_answered': return false;
    case 'is': return is(condition, answer);
    case 'is_not': return !is(condition, answer);
    default: return compare(condition, answer);
  }
}

/** Shows and hides the items of a page; the ids of those that are shown. */
export function applyRules(paper) {
  const known = JSON.parse(paper.dataset.known || '{}');
  const shown = [];
  for (const item of paper.querySelectorAll('[data-item]')) {
    const rule = item.dataset.showIf ? JSON.parse(item.dataset.showIf) : null;
    const test = (condition) => holds({ value: '', ...condition }, known[condition.question]);
    // A rule says nothing of how its conditions combine where all of them have to hold.
    const meant = !rule || (rule.combine === 'any' ? rule.conditions.some(test) : rule.conditions.every(test));
    item.hidden = !meant;
    if (!meant) continue;
    shown.push(item.dataset.item);
    const answer = item.dataset.question ? answerOf(item) : null;
    if (answer) known[item.dataset.item] = answer;
  }
  return shown;
}
