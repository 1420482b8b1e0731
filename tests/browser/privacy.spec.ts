// What a browser keeps and sends: nothing after signing out, no token anywhere, and a link that opening does not use up.
import { expect, test } from './support/ruh.ts';
import { accept, addClient, ana, atHome, invitationLink, look, owner, quick, typeSignIn } from './support/people.ts';

test.use(quick);

test('r64: signed-in pages are not stored, and Back after signing out shows nothing', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const address = await addClient(page, ana);
  const phone = await visitor({ phone: true });
  await accept(phone, await invitationLink(ruh, ana.email));

  const strict = async (at: typeof page, path: string) => {
    const answer = await at.goto(path);
    const headers = answer!.headers();
    expect(answer!.status(), path).toBe(200);
    expect(headers['cache-control'], path).toBe('no-store');
    const policy = new Map(headers['content-security-policy'].split(';').map((rule) => {
      const [name, ...values] = rule.trim().split(/\s+/);
      return [name, values.join(' ')];
    }));
    expect(policy.get('default-src'), path).toBe("'none'");
    expect(policy.get('script-src'), path).toBe("'self'");
    expect(policy.get('connect-src'), path).toBe("'self'");
    expect(policy.get('form-action'), path).toBe("'self'");
    expect(policy.get('base-uri'), path).toBe("'none'");
    expect(policy.get('frame-ancestors'), path).toBe("'none'");
    expect(headers['x-content-type-options'], path).toBe('nosniff');
    // The policy is kept by the page itself: nothing that would need it bent.
    await expect(at.locator('script:not([src]), [onclick], [onload], [onsubmit]'), path).toHaveCount(0);
    await look(at);
  };
  const staffPages = ['/home', '/clients', '/clients/new', address, `${address}?edit=1`, '/settings/security', '/places', '/help/autofill'];
  for (const path of staffPages) await strict(page, path);
  for (const path of ['/portal', '/portal/profile', '/portal/security']) await strict(phone, path);

  await test.step('staff', async () => {
    await page.goto('/clients');
    await page.getByRole('link', { name: 'Ana López' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ana López');
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByText('You are signed out.')).toBeVisible();
    for (let back = 0; back < 2; back++) {
      await page.goBack();
      await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
      await expect(page.getByText(/Ana|López/)).toHaveCount(0);
    }
  });
  await test.step('a client', async () => {
    await phone.goto('/portal/profile');
    await expect(phone.getByRole('main').getByText('Ana López')).toBeVisible();
    await phone.getByRole('button', { name: 'Account' }).click();
    await phone.getByRole('button', { name: 'Sign out' }).click();
    await expect(phone.getByText('You are signed out.')).toBeVisible();
    await phone.goBack();
    await expect(phone.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
    await expect(phone.getByText(/Ana|López/)).toHaveCount(0);
  });
});

test('r1: a link opened by scanners is still unused; r9: its token goes nowhere', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  const address = await addClient(page, ana);
  const link = await invitationLink(ruh, ana.email);
  const token = link.split('/').at(-1)!;
  const scanner = await visitor();
  const { request } = scanner.context();
  for (let times = 0; times < 20; times++) {
    expect((await request.head(link)).status()).toBe(200);
    const opened = await request.get(link);
    expect(opened.status()).toBe(200);
    expect(await opened.text()).toContain('Create password');
  }
  const sent: string[] = [];
  scanner.on('request', async (request) => {
    sent.push(`${request.url()} ${(await request.allHeaders()).referer ?? ''}`);
  });
  for (let times = 0; times < 20; times++) {
    await scanner.goto(link);
    await expect(scanner.getByRole('button', { name: 'Create password' })).toBeVisible();
  }
  await expect(scanner).toHaveURL(`${ruh.url}/invitation`);
  expect(sent.filter((line) => line.includes(token)).map((line) => line.replace(token, '…'))).toEqual(
    Array<string>(20).fill(`${ruh.url}/invitation/… `),
  );
  expect(await scanner.content()).not.toContain(token);
  expect(await scanner.evaluate(() => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, history.state]))).not.toContain(token);
  // Following a link from there tells nobody where one came from.
  await scanner.goBack();
  await scanner.goForward();
  await expect(scanner).not.toHaveURL(new RegExp(token));
  expect(ruh.log).not.toContain(token);

  await accept(await visitor({ phone: true }), link);
  await page.goto(address);
  await expect(page.getByRole('region', { name: 'Invitation' })).toContainText('In the portal');
  await expect(page.getByRole('region', { name: 'Invitation' })).toContainText('By the client, or by a mail program that checks links');
  await look(page);
});

test('r34: next never leads away from here', async ({ ruh, page, visitor }) => {
  await atHome(ruh, page);
  for (const next of ['//elsewhere.example', '/\\elsewhere.example', 'https://elsewhere.example/', '/\t/elsewhere.example', 'javascript:alert(1)']) {
    const other = await visitor();
    await other.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await typeSignIn(other, owner);
    await expect(other, next).toHaveURL(`${ruh.url}/home`);
    await other.close();
  }
  const other = await visitor();
  await other.goto('/clients?search=ana');
  await typeSignIn(other, owner);
  await expect(other).toHaveURL(`${ruh.url}/clients?search=ana`);
});
