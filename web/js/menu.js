// Menus are native popovers; here only the arrows, and their place where the browser cannot tie them to the button.
const ties = CSS.supports('position-area', 'block-end');

document.addEventListener('toggle', (event) => {
  const menu = event.target;
  if (!menu.matches?.('.menu') || event.newState !== 'open') return;
  const button = document.querySelector(`[popovertarget="${menu.id}"]`);
  if (!ties && button) {
    const at = button.getBoundingClientRect();
    const rtl = document.documentElement.dir === 'rtl';
    const left = rtl ? at.left : at.right - menu.offsetWidth;
    menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
    menu.style.top = `${Math.min(at.bottom + 6, innerHeight - menu.offsetHeight - 8)}px`;
  }
}, true);

document.addEventListener('keydown', (event) => {
  const menu = event.target.closest?.('.menu:popover-open') ?? document.querySelector('.menu:popover-open');
  if (!menu || !['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(event.key)) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll('.menu-item')];
  const now = items.indexOf(document.activeElement);
  const next = { ArrowDown: now + 1, ArrowUp: now < 0 ? -1 : now - 1, Home: 0, End: -1 }[event.key];
  items.at(next % items.length)?.focus();
});
