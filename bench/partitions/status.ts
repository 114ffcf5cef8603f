import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  dailyPartitions,
  multiPartitions,
  partitionKeys,
  staticPartitions,
} from '../../packages/dagma/src/definitions/partitions/partitions.ts'
import { EventLog } from '../../packages/dagma/src/engine/event-log.ts'

const dagma = fileURLToPath(new URL('../../packages/dagma', import.meta.url))

/** `dagma partition status` of 100,000 partitions, of which a fifth failed and a seventh is missing: the whole process. */
export function status(): void {
  const folder = mkdtempSync(join(tmpdir(), 'dagma-bench-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{"type":"module","dagma":{"definitions":"defs.ts"}}')
    writeFileSync(
      join(folder, 'defs.ts'),
      `import { asset, dailyPartitions, definitions, multiPartitions, staticPartitions } from '${dagma}/dist/index.js'
const region = staticPartitions(Array.from({ length: 100 }, (_, index) => \`region_\${index}\`))
const partitions = multiPartitions({ day: dailyPartitions({ start: '2023-01-01', end: '2025-09-27' }), region })
export default definitions({ assets: [asset({ key: 'visits', partitions, run: () => 1 })] })`,
    )
    fill(folder)
    const began = performance.now()
    const { stdout, status: code } = spawnSync(process.execPath, [join(dagma, 'bin', 'dagma.js'), 'partition', 'status'], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (code !== 0) throw new Error('The command failed.')
    console.log(`dagma partition status, the whole process: ${(performance.now() - began).toFixed(0)} ms (${stdout.split('\n')[0]})`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A run for each partition but every seventh. */
function fill(folder: string): void {
  const region = staticPartitions(Array.from({ length: 100 }, (_, index) => `region_${index}`))
  const partitions = multiPartitions({ day: dailyPartitions({ start: '2023-01-01', end: '2025-09-27' }), region })
  using log = EventLog.open(folder)
  for (const [index, partition] of partitionKeys(partitions, { now: new Date() }).entries()) {
    if (index % 7 === 0) continue
    const isFailed = index % 5 === 0
    const runId = `run-${index}`
    const start = { jobName: null, steps: ['visits'], assetKeys: ['visits'], tags: {}, config: {}, parentRunId: null }
    log.startRun({ runId, partitionKey: partition, partitionKeyRange: null, ...start })
    const made = { type: 'ASSET_MATERIALIZATION', step: 'visits', asset: 'visits', partition, dataVersion: null, metadata: {} } as const
    if (!isFailed) log.append(runId, [made])
    log.endRun(runId, isFailed ? 'FAILURE' : 'SUCCESS', 'It failed.')
  }
}
