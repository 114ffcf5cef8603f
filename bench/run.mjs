/** Benchmarks against peers, side by side in one run: `npm run bench -- <name> [options]`, `npm run bench` lists the names. */
import { readdirSync } from 'node:fs'

const [name, ...options] = process.argv.slice(2)
const names = readdirSync(new URL('.', import.meta.url), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)

if (name === undefined || !names.includes(name)) {
  console.error(`Give the name of a benchmark: ${names.join(', ')}`)
  process.exitCode = 2
} else {
  const { main } = await import(new URL(`${name}/main.ts`, import.meta.url).href)
  process.exitCode = await main(options)
}
