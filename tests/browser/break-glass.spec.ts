// R25: an owner covers for a colleague who is ill: the record asks why, opens, and the colleague reads who looked and why.
import { expect, test } from './support/ruh.ts';
import { look, quick, signIn } from './support/people.ts';

test.use(quick);

test('a reason from outside the care team', async ({ ruh, page, visitor }) => {
  const password = ruh.run('demo').trim().split('\n').at(-1)!;
  await signIn(page, { email: 'maya@harbourlight.example', password }, /\/home$/);
  await page.goto('/clients?search=Emre');
  await page.getByRole('main').getByRole('link', { name: /Emre/ }).first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Open this record?');
  await expect(page.getByRole('main')).toContainText("You are not on this client's care team");
  await look(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await look(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole('button', { name: 'Open the record' }).click();
  await expect(page.getByLabel('Reason')).toHaveAccessibleDescription(/Please fill this in/);
  await page.getByLabel('Reason').fill('Daniel is ill, and Emre asked for a call.');
  await page.getByRole('button', { name: 'Open the record' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/Emre/);
  await expect(page.getByText(/You opened this record from outside the care team/)).toBeVisible();
  await look(page);
  await page.getByRole('link', { name: 'Timeline' }).click();
  await expect(page.getByText('Record opened from outside the care team')).toBeVisible();

  const daniel = await visitor();
  await signIn(daniel, { email: 'daniel@harbourlight.example', password }, /\/home$/);
  await expect(daniel.getByText('Record opened from outside the care team').first()).toBeVisible();
  await daniel.goto('/clients?search=Emre');
  await daniel.getByRole('main').getByRole('link', { name: /Emre/ }).first().click();
  await daniel.getByRole('link', { name: 'Who has looked' }).click();
  await expect(daniel.getByRole('region', { name: 'Opened from outside the care team' })).toContainText('Emre asked for a call');
  await look(daniel);
});
