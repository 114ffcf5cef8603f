/**
 * The most memory that the command line takes while a step logs or prints, or a child prints, before a reader that starts late: `npm run bench -- memory
 * [megabytes]`, by default 1000 each. It takes some minutes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { heavyOutput, withSlowReader } from '../../packages/dagma/src/test/heavy-output.ts'

const most = 250
const assets = ['child', 'sync_child', 'line_without_end', 'prints', 'logs_one', 'logs']

/** Measures, prints, and gives 1 when something took more than it may. */
export async function main([size = '1000']: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-bench-'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module","dagma":{"definitions":"defs.ts"}}')
  writeFileSync(join(folder, 'defs.ts'), heavyOutput(new URL('../../packages/dagma/dist/index.js', import.meta.url).href))
  const dagma = fileURLToPath(new URL('../../packages/dagma/bin/dagma.js', import.meta.url))
  let isWithin = true
  try {
    for (const asset of assets) {
      const megabytes = asset === 'logs_one' ? Math.min(Number(size), 400) : Number(size) // a text has at most 512 MB in Node
      const began = performance.now()
      const { peak } = await withSlowReader([dagma, 'asset', 'materialize', '-s', asset], folder, megabytes)
      const own = asset === 'logs_one' ? megabytes : 0 // the text itself
      isWithin &&= peak - own < most
      console.log(
        `${asset.padEnd(18)} ${megabytes} MB: ${peak} MB resident${own ? `, ${own} of them the text` : ''}, ${Math.round((performance.now() - began) / 1000)} s`,
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  if (!isWithin) console.log(`More than ${most} MB.`)
  return isWithin ? 0 : 1
}
