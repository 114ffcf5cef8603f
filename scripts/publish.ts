/**
 * Publishes the tarballs in `release/` to the registry that npm is set to. What other packages need comes before them, so that no version is named that
 * is not there yet; what is there already is left out, so that an interrupted publication can be repeated.
 *   node scripts/publish.ts [options of npm publish]
 */
import { execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'

interface Packed {
  readonly file: string
  readonly name: string
  readonly version: string
}

/** Publishes tarballs with npm, in the environment `env`. @returns the names of those that were not there */
export async function publishAll(tarballs: readonly string[], options: readonly string[] = [], env = process.env): Promise<string[]> {
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { env, encoding: 'utf8' }).trim()
  const published = []
  for (const { file, name, version } of tarballs.map(packed).sort((a, b) => rank(a) - rank(b))) {
    if (await isThere(registry, name, version)) {
      console.log(`${name}@${version} is there already`)
      continue
    }
    const tag = version.includes('-') ? ['--tag', 'next'] : [] // npm asks for one: nobody gets a prerelease unasked
    execFileSync('npm', ['publish', file, ...tag, ...options], { env, stdio: ['ignore', 'inherit', 'inherit'] })
    published.push(name)
  }
  return published
}

function packed(file: string): Packed {
  const { name, version } = JSON.parse(execFileSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' }))
  return { file, name, version }
}

/** `dagma` first, the integrations that name it as a peer, and last what writes all of them into new projects. */
function rank({ name }: Packed): number {
  return name === 'dagma' ? 0 : name === 'create-dagma' ? 2 : 1
}

async function isThere(registry: string, name: string, version: string): Promise<boolean> {
  // A connection that is kept would have ended unseen while npm publishes.
  const response = await fetch(new URL(name.replace('/', '%2f'), registry), { headers: { connection: 'close' } })
  if (response.status === 404) return false
  if (!response.ok) throw new Error(`${registry} answered ${response.status} for ${name}.`)
  return Object.hasOwn(((await response.json()) as { versions?: object }).versions ?? {}, version)
}

if (import.meta.main)
  await publishAll(
    globSync('release/*.tgz').map((file) => `./${file}`),
    process.argv.slice(2),
  )
