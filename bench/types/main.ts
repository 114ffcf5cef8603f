/**
 * The cost of a project's types for the compiler, next to the figures in `figures.json`: `npm run bench -- types`; with `--keep`,
 * the new figures take their place. Instantiations are the same on every machine; times are those of the run of five that took the least CPU time,
 * and are compared on one machine: the check's own counts waiting for a busy one too.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Figures {
  readonly instantiations: number
  /** As the compiler says it, in seconds. */
  readonly checkTime: number
  /** CPU time of the whole compilation, in seconds. */
  readonly cpuTime: number
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const kept = join(root, 'bench/types/figures.json')
// Inside the repository, so that packages are found; ignored by git.
const folder = join(root, 'test-output/bench-types')

/** The compiled projects, by name. */
const projects: { readonly [name: string]: () => readonly string[] } = {
  'one asset': () => [written('one', chain(1))],
  '1,000 chained assets': () => [written('chained', chain(1000))],
  'the example project': () => [join(root, 'examples/platform/src/definitions.ts')],
}

/** Measures, and prints. */
export function main(options: readonly string[]): number {
  const before: { readonly [name: string]: Figures } = JSON.parse(readFileSync(kept, 'utf8'))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const now = Object.fromEntries(Object.entries(projects).map(([name, files]) => [name, leastOf(5, () => compiled(files()))]))
  console.log(
    `${''.padEnd(22)}${['instantiations', 'kept', 'check time', 'kept', 'CPU time', 'kept'].map((text) => text.padStart(15)).join('')}`,
  )
  for (const [name, figures] of Object.entries(now)) console.log(`${name.padEnd(22)}${row(figures, before[name])}`)
  if (options.includes('--keep')) writeFileSync(kept, `${JSON.stringify(now, null, 2)}\n`)
  return 0
}

function row(now: Figures, before: Figures | undefined): string {
  const count = (value: number | undefined): string => value?.toLocaleString('en') ?? '–'
  const time = (value: number | undefined): string => (value === undefined ? '–' : `${value.toFixed(2)} s`)
  return [
    count(now.instantiations),
    count(before?.instantiations),
    time(now.checkTime),
    time(before?.checkTime),
    time(now.cpuTime),
    time(before?.cpuTime),
  ]
    .map((text) => text.padStart(15))
    .join('')
}

/** Assets of which each takes the one before, with config, metadata and a check now and then. */
function chain(length: number): string {
  const assets = Array.from({ length }, (_, n) => {
    const inputs = n === 0 ? '' : `inputs: { before: a${n - 1} }, `
    const value = n === 0 ? '{ id: 0, text: String(config.limit) }' : `{ id: inputs.before.id + config.limit, text: inputs.before.text }`
    const context = n === 0 ? '{ config }' : '{ inputs, config }'
    return `export const a${n} = asset({ key: 'a${n}', ${inputs}config, checks: { full: {} },
  run: (${context}) => materializeResult(${value}, { metadata: { n: ${n} }, checks: { full: { passed: true } } }) })`
  })
  const keys = assets.map((_, n) => `a${n}`).join(', ')
  return `import { asset, definitions, materializeResult } from 'dagma'
import { z } from 'zod'
const config = z.object({ limit: z.number() })
${assets.join('\n')}
export default definitions({ assets: [${keys}] })
`
}

function written(name: string, code: string): string {
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, code)
  return file
}

/** One thread: what several would instantiate depends on how many there are. */
function compiled(files: readonly string[]): Figures {
  const config = join(folder, 'tsconfig.json')
  const compilerOptions = { noEmit: true, composite: false, declaration: false, declarationMap: false, allowImportingTsExtensions: true }
  writeFileSync(
    config,
    JSON.stringify({ extends: '../../tsconfig.base.json', compilerOptions, files: files.map((file) => relative(folder, file)) }),
  )
  const program = join(root, 'node_modules/.bin/tsc')
  const tsc = [program, '-p', config, '--singleThreaded', '--extendedDiagnostics']
  const output = execFileSync('sh', ['-c', '"$@" && times', 'sh', ...tsc], { encoding: 'utf8' })
  const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(output)?.[1] ?? Number.NaN)
  // The last line of `times`: user and system time of what the shell started.
  const [user = Number.NaN, system = Number.NaN] = [...output.trim().matchAll(/(\d+)m([\d.]+)s/g)]
    .slice(-2)
    .map(([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds))
  return { instantiations: figure('Instantiations'), checkTime: figure('Check time'), cpuTime: Number((user + system).toFixed(2)) }
}

function leastOf(times: number, measure: () => Figures): Figures {
  const all = Array.from({ length: times }, measure)
  return all.reduce((least, one) => (one.cpuTime < least.cpuTime ? one : least))
}
