// Builds web/dist: one style sheet, one script, the small script that runs before the first paint, the icons. Names carry
// no hash here; the server adds it to the address.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const watch = process.argv.includes('--watch');
process.chdir(here);
mkdirSync('dist', { recursive: true });
cpSync('icons', 'dist', { recursive: true });

const options = {
  entryPoints: ['js/app.js', 'js/boot.js'],
  outdir: 'dist',
  bundle: true,
  format: 'iife',
  minify: true,
  legalComments: 'none',
  target: ['chrome120', 'firefox121', 'safari17'],
};
if (watch) await (await esbuild.context(options)).watch();
else await esbuild.build(options);

const arguments_ = ['node_modules/@tailwindcss/cli/dist/index.mjs', '-i', 'css/app.css', '-o', 'dist/app.css', '--minify'];
const styles = spawnSync(process.execPath, watch ? [...arguments_, '--watch'] : arguments_, { stdio: ['inherit', 'inherit', 'pipe'] });
if (styles.status !== 0) {
  process.stderr.write(styles.stderr ?? '');
  process.exit(1);
}
