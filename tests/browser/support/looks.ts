// Checks and pictures of a page as it stands.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test as base } from '@playwright/test';
import { root } from './process.ts';

export const phone = { width: 390, height: 844 };
export const desk = { width: 1280, height: 800 };

const schemes = ['light', 'dark'] as const;

/** Runs `look` in light and in dark, and leaves the page in light. */
async function inBothSchemes(page: Page, look: (scheme: 'light' | 'dark') => Promise<void>) {
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme });
    await settled(page);
    await look(colorScheme);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Waits for fonts and for every transition: half a fade has half the contrast. */
export async function settled(page: Page) {
  await page.evaluate(async () => {
    await document.fonts.ready;
    const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    // A transition that never draws, never ends: it is waited for, but not for ever.
    const patience = new Promise((over) => setTimeout(over, 2_000));
    await Promise.race([Promise.allSettled(ending.map((animation) => animation.finished)), patience]);
  });
}

/** axe finds nothing, in light and in dark; WCAG 2.2 AA and its good practices. */
export async function axe(page: Page) {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  // Looking takes seconds on a busy machine; the test's own time is for the person's steps.
  base.setTimeout(base.info().timeout + 15_000);
  await inBothSchemes(page, async (scheme) => {
    // One document without frames needs no second page to gather results in.
    const looking = new AxeBuilder({ page }).setLegacyMode(true);
    // Only the colours differ in the dark.
    const { violations } = await (scheme === 'light' ? looking.withTags(tags) : looking.withRules('color-contrast')).analyze();
    const said = violations.flatMap((violation) =>
      violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')}\n  ${node.failureSummary}`),
    );
    expect(said, `axe on ${page.url()} in ${scheme}`).toEqual([]);
  });
}

/** Nothing scrolls sideways at 320 pixels, nor at 200 % zoom on a desk. */
export async function fits(page: Page) {
  const before = page.viewportSize();
  for (const size of [{ width: 320, height: 640 }, { width: 640, height: 400 }]) {
    await page.setViewportSize(size);
    const wide = await page.evaluate(async () => {
      // Media queries follow the new size with the next frame.
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
      const room = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= room) return [];
      return [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > room + 1)
        .slice(0, 5)
        .map((element) => element.outerHTML.slice(0, 120));
    });
    expect(wide, `wider than ${size.width} px on ${page.url()}`).toEqual([]);
  }
  if (before) await page.setViewportSize(before);
}

/** What a person presses is 44 px each way, unless it is a link within a sentence; and no id stands twice. */
export async function targets(page: Page) {
  const small = await page.evaluate(() => {
    const pressed = 'button, select, textarea, summary, [role=button], [role=menuitem], [role=tab], nav a, a.btn, input:not([type=hidden])';
    return [...document.querySelectorAll<HTMLElement>(pressed)]
      .filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
      .map((element) => {
        // A tick box is pressed by its label too.
        const label = element.matches('[type=checkbox], [type=radio]') ? (element as HTMLInputElement).labels?.[0] : null;
        const box = (label ?? element).getBoundingClientRect();
        return { html: element.outerHTML.slice(0, 120), width: Math.round(box.width), height: Math.round(box.height) };
      })
      .filter((box) => box.width > 1 && box.height > 1 && (box.width < 44 || box.height < 44))
      .map((box) => `${box.width}×${box.height} ${box.html}`);
  });
  expect(small, `too small to press on ${page.url()}`).toEqual([]);
  // A label or a link to an id that stands twice leads to the wrong one.
  const twice = await page.evaluate(() => {
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    return ids.filter((id, at) => ids.indexOf(id) !== at);
  });
  expect(twice, `ids that stand twice on ${page.url()}`).toEqual([]);
}

/** Pictures of the whole page: target/pictures/<name>-<width>-<light|dark>.png. */
export async function picture(page: Page, name: string) {
  const before = page.viewportSize();
  for (const size of [desk, phone]) {
    await page.setViewportSize(size);
    await inBothSchemes(page, async (scheme) => {
      const path = `${root}target/pictures/${name}-${size.width}-${scheme}.png`;
      await page.screenshot({ path, fullPage: true, animations: 'disabled', caret: 'hide' });
    });
  }
  if (before) await page.setViewportSize(before);
}
