/**
 * Which texts `definitions()` takes, for the comparison with Dagster (python/tests/test_random_texts.py): reads a list of pairs of place and text
 * on stdin, prints a list of true and false.
 */
import { json } from 'node:stream/consumers'
import {
  type AnyAsset,
  asset,
  assetCheck,
  DagmaError,
  DefinitionErrors,
  type Definitions,
  definitions,
  externalAsset,
  job,
  multiAsset,
  schedule,
  sensor,
} from '../../packages/dagma/src/index.ts'

const run = (): undefined => undefined
const base = asset({ key: 'base_asset', run })
const everything = job({ name: 'base_job', selection: '*' })
const one = (declared: AnyAsset): Definitions => definitions({ assets: [declared] })

const places: { readonly [place: string]: (text: string) => Definitions } = {
  owner: (text) => one(asset({ key: 'a', owners: [text], run })),
  tag: (text) => one(asset({ key: 'a', tags: { [text]: '' }, run })),
  'tag value': (text) => one(asset({ key: 'a', tags: { a: text }, run })),
  kind: (text) => one(asset({ key: 'a', kinds: [text], run })),
  group: (text) => one(asset({ key: 'a', group: text, run })),
  pool: (text) => one(asset({ key: 'a', pool: text, run })),
  key: (text) => one(asset({ key: [text], run })),
  'key part': (text) => one(asset({ key: ['a', text], run })),
  'external key': (text) => definitions({ assets: [externalAsset({ key: [text] }), asset({ key: 'a', deps: [[text]], run })] }),
  'multi-asset': (text) => one(multiAsset({ name: text, assets: { b: {} }, run: () => ({ b: 1 }) })),
  check: (text) => definitions({ assets: [base], checks: [assetCheck({ asset: base, name: text, run: () => ({ passed: true }) })] }),
  'inline check': (text) => one(asset({ key: 'a', checks: { [text]: {} }, run })),
  job: (text) => definitions({ assets: [base], jobs: [job({ name: text, selection: '*' })] }),
  schedule: (text) =>
    definitions({ assets: [base], jobs: [everything], schedules: [schedule({ name: text, job: everything, cronSchedule: '@daily' })] }),
  sensor: (text) => definitions({ assets: [base], jobs: [everything], sensors: [sensor({ name: text, job: everything, run })] }),
}

function takes(place: string, text: string): boolean {
  try {
    places[place]?.(text)
    return true
  } catch (error) {
    if (error instanceof DagmaError || error instanceof DefinitionErrors) return false
    throw error
  }
}

const pairs = (await json(process.stdin)) as [place: string, text: string][]
console.log(JSON.stringify(pairs.map(([place, text]) => takes(place, text))))
