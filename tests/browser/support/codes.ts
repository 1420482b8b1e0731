// An authenticator app for the journeys: RFC 6238, as every app has it.
import { createHmac } from 'node:crypto';
import { expect, type Page } from './ruh.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function bytes(secret: string): Buffer {
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
}

/**
 * The code of a step: 0 is now, -1 the one before, 1 the next. Each works once and none after a later one, so that a
 * journey takes them in this order and need not wait.
 */
export function code(secret: string, step = 0): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + step));
  const digest = createHmac('sha1', bytes(secret)).update(counter).digest();
  const at = digest[19]! & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** From the page that asks for the password to the one that shows the key; the key. */
export async function beginSetUp(page: Page, password: string): Promise<string> {
  await page.getByRole('main').getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page).toHaveURL(/\/two-step\/confirm$/);
  await page.getByText('You cannot scan it?').click();
  return (await page.locator('#secret').innerText()).replaceAll(' ', '');
}

/** Types a code where one is asked for. */
export async function typeCode(page: Page, typed: string, button: string) {
  await page.getByRole('main').getByLabel(/^(Code|Recovery code)$/).fill(typed);
  await page.getByRole('main').getByRole('button', { name: button, exact: true }).click();
}

/** Sets it up from its first page; the key, and the recovery codes that were shown. */
export async function setUp(page: Page, password: string): Promise<{ secret: string; recovery: string[] }> {
  const secret = await beginSetUp(page, password);
  await typeCode(page, code(secret, -1), 'Turn on');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Two-step sign-in is on');
  return { secret, recovery: await page.locator('#codes code').allInnerTexts() };
}
