// Pictures of the chooser and of where one stands, with people and practices of every length.
import { expect, fits, type Page, picture, settled, targets, test } from './support/ruh.ts';
import { signIn } from './support/people.ts';

const wanted = process.env.RUH_PICTURES ?? '';

async function look(page: Page, name: string) {
  if (!name.includes(wanted)) return;
  await settled(page);
  await picture(page, name);
  await targets(page);
  await fits(page);
}

/** The same page with longer words in it, and read from the right. */
async function written(page: Page, practice: string, person: string, dir: 'ltr' | 'rtl') {
  await page.evaluate(([practice, person, dir]) => {
    document.documentElement.dir = dir;
    for (const place of [...document.querySelectorAll('.place, .brand')].slice(0, 2)) {
      place.querySelectorAll('bdi').forEach((text, n) => (text.textContent = n ? person : practice));
    }
  }, [practice, person, dir]);
}

test('the chooser and Switch', async ({ ruh, page }) => {
  test.setTimeout(300_000);
  const password = ruh.run('demo').trim().split('\n').at(-1)!;
  await signIn(page, { email: 'ingrid.bergstrom@harbourlight.example', password }, /\/places$/);
  await look(page, 'switch-chooser');
  await page.getByRole('button', { name: /Nils/ }).click();
  await expect(page).toHaveURL(/\/portal$/);
  await look(page, 'switch-portal');
  await written(page, 'Gemeinschaftspraxis für Psychotherapie am Lindenhof', 'Wolfgang-Maximilian von Hohenstein', 'ltr');
  await look(page, 'switch-portal-long');
  await page.goto('/places');
  await look(page, 'switch-chooser-here');
  await written(page, 'Gemeinschaftspraxis für Psychotherapie am Lindenhof', 'Wolfeschlegelsteinhausenbergerdorffwolfeschlegelsteinhausen', 'ltr');
  await look(page, 'switch-chooser-long');
  await written(page, 'عيادة المرفأ للعلاج النفسي', 'محمد بن عبد الله الخطيب', 'rtl');
  await look(page, 'switch-chooser-right-to-left');
});
