/**
 * Builds the site into `dist/`; with `--dev` serves it at http://localhost:5173, without following changes of docs/.
 *   npm run site            node site/build.ts
 */
import { build, createServer } from 'vitepress'
import { site } from './pages.ts'
import { stage } from './stage.ts'

await stage()
if (process.argv.includes('--dev')) {
  const server = await createServer(site)
  await server.listen()
  server.printUrls()
} else await build(site)
