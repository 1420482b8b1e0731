// On a narrow screen tables are laid out as cards; some browsers then forget that they are tables.
const ROLES = { TABLE: 'table', THEAD: 'rowgroup', TBODY: 'rowgroup', TR: 'row', TD: 'cell' };

function keepRoles() {
  for (const table of document.querySelectorAll('table.table:not([role])')) {
    for (const part of [table, ...table.querySelectorAll('thead, tbody, tr, td, th')]) {
      part.setAttribute('role', ROLES[part.tagName] ?? (part.scope === 'row' ? 'rowheader' : 'columnheader'));
    }
  }
}
document.addEventListener('htmx:after:swap', keepRoles);
keepRoles();
