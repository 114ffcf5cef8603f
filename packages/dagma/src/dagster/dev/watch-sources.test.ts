import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchSources } from './watch-sources.ts'

let folder: string
let stop: AbortController
let watching: Promise<void>
const changed = vi.fn()

beforeEach(async () => {
  changed.mockClear()
  folder = mkdtempSync(join(tmpdir(), 'dagma-watch-'))
  for (const name of ['src', 'node_modules', '.dagma']) mkdirSync(join(folder, name))
  stop = new AbortController()
  watching = watchSources(folder, stop.signal, changed)
  await new Promise((resolve) => setTimeout(resolve, 100))
})

afterEach(async () => {
  stop.abort()
  await watching
  rmSync(folder, { recursive: true })
})

test('several writes in a row are one change', async () => {
  for (const text of ['1', '2', '3']) writeFileSync(join(folder, 'src', 'definitions.ts'), text)
  await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1), 3000)
})

test('folders made later are watched', async () => {
  mkdirSync(join(folder, 'src', 'defs'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  writeFileSync(join(folder, 'src', 'defs', 'assets.ts'), '1')
  await vi.waitFor(() => expect(changed).toHaveBeenCalled(), 3000)
})

test('data, installed packages and hidden folders are not', async () => {
  writeFileSync(join(folder, 'src', 'output.json'), '1')
  writeFileSync(join(folder, 'node_modules', 'index.js'), '1')
  writeFileSync(join(folder, '.dagma', 'index.js'), '1')
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(changed).not.toHaveBeenCalled()
})
