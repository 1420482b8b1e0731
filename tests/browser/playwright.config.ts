// The browser journeys: Debian's Chromium, the debug binary, one server and one database for each test.
import { defineConfig } from '@playwright/test';
import type { RuhOptions } from './support/ruh.ts';

const target = new URL('../../target/', import.meta.url).pathname;

export default defineConfig<RuhOptions>({
  testDir: '.',
  outputDir: `${target}browser`,
  timeout: 30_000,
  expect: { timeout: 10_000 },
  // One Chromium without a graphics card keeps two cores busy; two of them only wait for each other.
  workers: 1,
  fullyParallel: true,
  // A journey that passes the second time is a bug that nobody has looked at.
  retries: 0,
  forbidOnly: !!process.env.CI,
  reporter: [['list', { printSteps: false }], ['json', { outputFile: `${target}browser/report.json` }]],
  use: {
    actionTimeout: 10_000,
    navigationTimeout: 15_000,
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    timezoneId: 'America/New_York',
    contextOptions: { reducedMotion: 'reduce' },
    screenshot: 'only-on-failure',
    // A film of the page costs more than the page: no pictures in the trace, but the documents.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: true, sources: false },
    launchOptions: {
      executablePath: process.env.RUH_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
  projects: [
    { name: 'sqlite', testIgnore: 'pictures*.spec.ts', use: { database: 'sqlite' } },
    { name: 'postgres', testIgnore: 'pictures*.spec.ts', use: { database: 'postgres' } },
    {
      name: 'pictures',
      testMatch: 'pictures*.spec.ts',
      timeout: 300_000,
      use: { database: 'sqlite', screenshot: 'off', trace: 'off' },
    },
  ],
});
