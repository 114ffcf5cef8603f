import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchSources } from './watch-sources.ts'

let folder: string
let stop: AbortController
let watching: Promise<void>
const onChange = vi.fn()
const tell = vi.fn()

beforeEach(async () => {
  onChange.mockClear()
  tell.mockClear()
  folder = mkdtempSync(join(tmpdir(), 'dagma-watch-'))
  for (const name of ['src', 'node_modules', '.dagma']) mkdirSync(join(folder, name))
  stop = new AbortController()
  watching = watchSources(folder, { signal: stop.signal, onChange, tell })
  await written('first.ts')
})

afterEach(async () => {
  stop.abort()
  await watching
  rmSync(folder, { recursive: true, force: true })
})

/** Writes a file, again and again until that is noticed: nothing says when the system has begun to watch. */
async function written(name: string): Promise<void> {
  onChange.mockClear()
  await vi.waitFor(
    () => {
      writeFileSync(join(folder, 'src', name), String(Math.random()))
      expect(onChange).toHaveBeenCalled()
    },
    { timeout: 60_000, interval: 1_000 },
  )
  await sleep(500)
  onChange.mockClear()
}

test('several writes in a row are one change', async () => {
  for (const text of ['1', '2', '3']) writeFileSync(join(folder, 'src', 'definitions.ts'), text)
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), 60_000)
})

test('folders made later are watched, and those that went and came back', async () => {
  const defs = join(folder, 'src', 'defs')
  for (let round = 0; round < 3; round++) {
    onChange.mockClear()
    mkdirSync(join(defs, 'deep'), { recursive: true })
    writeFileSync(join(defs, 'deep', 'assets.ts'), String(round))
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), 60_000)
    onChange.mockClear()
    rmSync(defs, { recursive: true })
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), 60_000)
  }
})

test('the folder itself may go and come back', async () => {
  rmSync(folder, { recursive: true })
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), 60_000)
  await sleep(500)
  onChange.mockClear()
  mkdirSync(join(folder, 'src'), { recursive: true })
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), 60_000)
  await written('definitions.ts')
  expect(tell).not.toHaveBeenCalled()
})

test('data, installed packages and hidden folders are not', async () => {
  writeFileSync(join(folder, 'src', 'output.json'), '1')
  writeFileSync(join(folder, 'node_modules', 'index.js'), '1')
  writeFileSync(join(folder, '.dagma', 'index.js'), '1')
  await sleep(600)
  expect(onChange).not.toHaveBeenCalled()
})

const limited = ['-Ur', 'sh', '-c', 'echo 2 > /proc/sys/user/max_inotify_watches && exec "$@"', 'sh']

test.skipIf(spawnSync('unshare', [...limited, 'true']).status !== 0)('changes are seen where the limit of watches is reached', () => {
  const script = `import { writeFileSync } from 'node:fs'
    import { watchSources } from '${new URL('watch-sources.ts', import.meta.url).href}'
    const stop = new AbortController()
    const write = setInterval(() => writeFileSync(${JSON.stringify(join(folder, 'src', 'first.ts'))}, String(Math.random())), 1_000)
    const onChange = () => { console.log('changed'); clearInterval(write); stop.abort() }
    await watchSources(${JSON.stringify(folder)}, { signal: stop.signal, onChange, tell: console.log })`
  const { stdout, stderr } = spawnSync('unshare', [...limited, process.execPath, '--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect(stdout + stderr).toMatch(/^No more folders can be watched .*\nchanged\n$/)
})
