// Runs before the first paint: names must not flash up in full on a screen that shows initials.
try {
  if (localStorage.getItem('ruh-blur') === 'on') document.documentElement.classList.add('blur');
} catch {
  // Storage is switched off; then the key works for the page alone.
}
