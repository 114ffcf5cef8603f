import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EventLog } from '../engine/event-log.ts'
import { heavyOutput, withSlowReader } from '../test/heavy-output.ts'
import { commandLine, dagma } from '../test/processes.ts'
import { temporaryFolder } from '../test/temporary.ts'

const folder = () =>
  temporaryFolder({
    'package.json': '{"type":"module","dagma":{"definitions":"defs.ts"}}',
    'defs.ts': heavyOutput(dagma),
    'peak.mjs': "process.on('exit', () => console.error('peak ' + process.resourceUsage().maxRSS))",
  })

/**
 * Before, each took at least twice of what was printed, beside the 80 to 110 MB that the process takes by itself. `npm run bench -- memory` has the
 * full size.
 */
const most = 250

describe('memory is bounded', { timeout: 300_000 }, () => {
  test.each([
    ['child', 60],
    ['sync_child', 60],
    ['line_without_end', 30],
    ['prints', 30],
    ['logs_one', 60],
    ['fails', 60],
  ])('while a reader is slow: %s', async (key, megabytes) => {
    const { printed, peak } = await withSlowReader([...commandLine, 'asset', 'materialize', '-s', key], folder(), megabytes)
    if (key !== 'logs_one' && key !== 'fails') expect(printed).toBeGreaterThan(megabytes * 1_000_000)
    expect(peak).toBeLessThan(most)
  })

  test('while a step logs without a pause, and while its lines are read', async () => {
    const project = folder()
    const logged = await withSlowReader([...commandLine, 'asset', 'materialize', '-s', 'logs', '--json'], project, 15)
    expect(logged.printed).toBeGreaterThan(15_000_000)
    expect(logged.peak).toBeLessThan(most)
    using log = EventLog.openToRead(project)
    const runId = log.runs(1)[0]?.runId ?? ''
    for (const command of [['logs'], ['logs', '--json'], ['show'], ['show', '--json']]) {
      const args = ['--import', join(project, 'peak.mjs'), ...commandLine, 'run', command[0] as string, runId, ...command.slice(1)]
      const { printed, peak } = await withSlowReader(args, project, 0)
      expect(printed).toBeGreaterThan(15_000_000)
      expect(peak).toBeLessThan(most)
    }
  })
})
