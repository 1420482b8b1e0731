// Speaks through the page's polite live region.
export function say(text, region = document.getElementById('say')) {
  if (!region) return;
  region.textContent = '';
  // A region that gets the same text twice stays silent unless it was empty in between.
  requestAnimationFrame(() => { region.textContent = text; });
}
