import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'

/** A project whose assets give out MB megabytes each in their own way, and which says at its end how much memory the process took. */
export const heavyOutput = (dagma: string): string => `
import { execSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { asset, definitions, secret } from '${dagma}'
secret('HEAVY_KEY')
const bytes = Number(process.env.MB) * 1_000_000
process.on('exit', () => console.error('peak ' + process.resourceUsage().maxRSS))
const line = 'x'.repeat(99)
const lines = 'yes ' + line + ' | head -c ' + bytes
const endless = 'head -c ' + bytes + ' /dev/zero | tr "\\\\0" x'
const ran = async (command) => { await once(spawn('sh', ['-c', command], { stdio: 'inherit' }), 'close'); return 1 }
export default definitions({ assets: [
  asset({ key: 'logs', run: ({ log }) => { for (let n = 0; n < bytes / 100; n++) log.info(line) } }),
  asset({ key: 'logs_one', run: ({ log }) => { log.info('y'.repeat(bytes)) } }),
  asset({ key: 'prints', run: () => { for (let n = 0; n < bytes / 100; n++) console.log(line) } }),
  asset({ key: 'child', run: () => ran(lines) }),
  asset({ key: 'line_without_end', run: () => ran(endless) }),
  asset({ key: 'fails', run: () => { throw new AggregateError([new Error('x'.repeat(bytes)), new Error('y')], 'both') } }),
  asset({ key: 'sync_child', run: () => { execSync(lines, { stdio: 'inherit' }) } }),
] })
`

/** The output of a command for a reader that starts late, in bytes, and its peak memory, in megabytes. */
export async function withSlowReader(
  command: readonly string[],
  cwd: string,
  megabytes: number,
): Promise<{ printed: number; peak: number }> {
  const env = { ...process.env, HEAVY_KEY: 'heavy-secret-value', MB: String(megabytes) }
  const child = spawn(process.execPath, command, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const exited = once(child, 'close')
  await wait(1_000)
  let printed = 0
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.length))
  await exited
  const peak = /^peak (\d+)$/m.exec(stderr)?.[1]
  if (peak === undefined) throw new Error(`It ended before its time: ${stderr}`)
  return { printed, peak: Math.round(Number(peak) / 1024) }
}
