/** A canary in more than sixty encodings, sent out by more than two hundred ways, on both hosts: none gets through. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { canaryFor } from '../support/canaries.ts'
import { encodings, pieces, piecesIn } from '../support/encodings.ts'
import { lacks, needsPython } from '../support/needs.ts'
import { repository } from '../support/repository.ts'
import { smallProject, type TestProject } from '../support/test-project.ts'

const canary = `${canaryFor('CANARY_KEY')}abcdefghijklmnopqrst`
const env = { CANARY_KEY: canary }
const withinMs = 540_000
process.env.CANARY_KEY = canary // descriptions are made when definitions load
const { channels } = await import('../support/canary-definitions.ts')

/** The canaries found in the output of a host. */
class Search {
  readonly #known = pieces(canary)
  readonly leaks: string[] = []
  /** Marks that were seen: each says that a way was taken, with one encoding. */
  readonly marks = new Set<string>()

  text(place: string, text: string): void {
    for (const [, mark = ''] of text.matchAll(/<<(c\d+\.\d+)>>/g)) this.marks.add(mark)
    for (const [, way = '', index = ''] of text.matchAll(/\b(c\d+)_(\d+)\b/g)) this.marks.add(`${way}.${index}`)
    for (const found of piecesIn(text, this.#known)) this.leaks.push(`${place}: ${found}`)
  }

  /** Every file under `.dagma` that holds no values, databases value by value. */
  folder(folder: string): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name)
      if (!entry.isFile() || /\/(?:python|values)\//.test(file)) continue
      const bytes = readFileSync(file)
      if (bytes.subarray(0, 15).toString() === 'SQLite format 3') this.#database(file)
      else this.text(file, bytes.toString())
    }
  }

  #database(file: string): void {
    using database = new DatabaseSync(file, { readOnly: true })
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'").all()
    for (const { name } of tables)
      for (const row of database.prepare(`SELECT * FROM "${name}"`).iterate())
        for (const value of Object.values(row)) {
          if (typeof value === 'string') this.text(`${file}: ${name}`, value)
          else if (value instanceof Uint8Array) this.text(`${file}: ${name}`, unpacked(value))
        }
  }
}

function unpacked(bytes: Uint8Array): string {
  try {
    return inflateSync(bytes).toString()
  } catch {
    return Buffer.from(bytes).toString()
  }
}

const ticks = ['skipping_schedule', 'throwing_schedule', 'skipping_sensor', 'throwing_sensor'].map((name) => [
  name.endsWith('sensor') ? 'sensor' : 'schedule',
  'preview',
  name,
])

async function ended(search: Search, name: string, running: Promise<{ readonly stdout: string; readonly stderr: string }>): Promise<void> {
  const { stdout, stderr } = await running
  search.text(`${name}, stdout`, stdout)
  search.text(`${name}, stderr`, stderr)
}

/** Where nothing went out, nothing was held back. */
function expectManyWays({ marks }: Search): void {
  const ways = Map.groupBy(marks, (mark) => mark.split('.')[0])
  expect([...ways.values()].filter((encoded) => encoded.length >= 60).length).toBeGreaterThanOrEqual(200)
}

function project(): TestProject {
  return smallProject(`export { default } from '${join(repository, 'tests/support/canary-definitions.ts')}'\n`)
}

describe.skipIf(lacks(needsPython()))('no canary gets through', () => {
  it('ways and encodings are many', () => {
    expect(channels.size).toBeGreaterThanOrEqual(200)
    expect(Object.keys(encodings).length).toBeGreaterThanOrEqual(60)
    const search = new Search()
    for (const [name, encode] of Object.entries(encodings)) {
      search.text(name, encode(canary))
      expect(search.leaks.splice(0), name).not.toEqual([])
    }
  })

  it('on the embedded host', { timeout: 600_000 }, async () => {
    using of = project()
    const search = new Search()
    const commands = [
      ['job', 'launch', '-j', 'ways'],
      ['asset', 'observe', '-s', 'seen'],
      ['asset', 'observe', '-s', '*'],
      ['run', 'list', '--json'],
      ['run', 'logs'],
      ['asset', 'show', 'outside', '--json'],
      ['job', 'list', '--json'],
      ['schedule', 'list', '--json'],
      ['sensor', 'list', '--json'],
      ['build'],
      ...ticks,
    ]
    for (const args of commands) await ended(search, `dagma ${args.join(' ')}`, of.dagma(args, { env, withinMs }))
    search.folder(of.dagmaFolder)
    expect(search.leaks).toEqual([])
    expectManyWays(search)
  })

  it('in Dagster', { timeout: 600_000 }, async () => {
    using of = project()
    const search = new Search()
    for (const args of [['job', 'execute', '-j', 'ways'], ...ticks.slice(2)])
      await ended(search, `dagster ${args.join(' ')}`, of.python('dagster', [...args, '-m', 'dagma.definitions'], { env, withinMs }))
    search.folder(of.dagmaFolder)
    expect(search.leaks).toEqual([])
    expectManyWays(search)
  })
})
