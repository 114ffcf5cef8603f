/** The observation field specification holds: for the example project's materializations, on its local backends and with every system, and for its page. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MaterializeRun, materialize } from 'dagma'
import { type ObservationField, observationFields, type WireMetadata } from 'dagma/author'
import { afterEach, describe, expect, it, vi } from 'vitest'
import platform from '../../examples/platform/src/definitions.ts'
import type { AssetNode } from '../../packages/dagma/src/definitions/model.ts'
import { fakeSystems } from '../support/fake-systems.ts'
import { observationRows } from '../support/observation-rows.ts'
import { repository } from '../support/repository.ts'

const fields = Object.entries<ObservationField>(observationFields)
const systemOf: Readonly<Record<string, string>> = { mlflow: 'mlflow', qdrant: 'qdrant', langflow: 'langflow', embeddings: 'openai' }

const folders: string[] = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

async function runWith(variables: Readonly<Record<string, string>>): Promise<MaterializeRun> {
  for (const name of Object.keys(process.env)) if (/^(MLFLOW|QDRANT|LANGFLOW|EMBEDDINGS)_/.test(name)) vi.stubEnv(name, undefined)
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
  const projectFolder = mkdtempSync(join(tmpdir(), 'dagma-observed-'))
  folders.push(projectFolder)
  const run = await materialize(platform, { projectFolder })
  expect(run.status).toBe('SUCCESS')
  expect([...run.materializations.keys()].sort()).toEqual([...platform.assets.keys()].sort())
  return run
}

/** The fields that a materialization of this asset must have, by the table. */
function required(asset: string, metadata: WireMetadata): string[] {
  // The system that the asset tells of: the last one that it uses.
  const used = Object.keys((platform.assets.get(asset) as AssetNode | undefined)?.step?.resources ?? {}).map((key) => systemOf[key] ?? key)
  const text = (key: string) => String(metadata[key]?.raw_value)
  const backend = text('backend') === 'local' ? used.at(-1) : text('backend')
  return fields
    .filter(([, { presence, of }]) => {
      if (presence === 'every' || presence === 'always' || presence === 'stored') return true
      if (/^(?:optional|failure|failed-call)$/.test(presence) || backend === undefined || used.length === 0) return false
      if (of !== undefined && (of.system !== backend || of.operations?.includes(text('operation')) === false)) return false
      return presence === 'system' || text('backend') !== 'local'
    })
    .map(([name]) => name)
}

function check(run: MaterializeRun, backends: readonly string[]): void {
  const table = new Map(fields)
  const seen = new Set<string>()
  for (const [asset, { metadata }] of run.materializations) {
    expect({ asset, keys: Object.keys(metadata) }).toEqual({ asset, keys: expect.arrayContaining(required(asset, metadata)) })
    for (const [key, { type, raw_value }] of Object.entries(metadata)) {
      const field = table.get(key)
      expect({ asset, key, known: field?.metadata }).toEqual({ asset, key, known: true })
      expect({ asset, key, types: field?.types }).toEqual({ asset, key, types: expect.arrayContaining([type]) })
      if (field?.unit) expect(raw_value).toBeGreaterThanOrEqual(0)
      if (field?.presence === 'server') expect(metadata.backend?.raw_value).not.toBe('local')
    }
    if (metadata.backend) seen.add(String(metadata.backend.raw_value))
  }
  expect([...seen].sort()).toEqual([...backends].sort())
}

describe('every materialization of the example project carries the fields that apply, and no other', () => {
  it('on the local backends', async () => {
    const run = await runWith({})
    check(run, ['local'])
    expect(JSON.stringify([...run.materializations.values()])).not.toContain('"url"')
  })

  it('with every system', async () => {
    await using systems = await fakeSystems()
    check(await runWith(systems.variables), ['mlflow', 'qdrant', 'langflow', 'openai', 'ai'])
  })
})

describe('the page', () => {
  const page = readFileSync(join(repository, 'docs/observation-fields.md'), 'utf8')
  it('has exactly the fields of the table', () => {
    expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(observationRows())
  })
})
