import { expect, test } from 'vitest'
import type { DagmaError, DefinitionErrors } from '../../errors.ts'
import { jsonFileIOManager, memoryIOManager } from '../../index.ts'
import { thrownBy } from '../../test/temporary.ts'
import { asset } from '../assets/asset.ts'
import { assetCheck } from '../assets/asset-check.ts'
import { job } from '../automation/job.ts'
import { definitions } from '../definitions.ts'
import type { Executor } from '../executor.ts'
import { projectFolderWarnings } from './loaded-values.ts'

const run = () => 1

async function problems(declare: () => unknown): Promise<string[]> {
  const thrown = (await thrownBy(declare)) as DefinitionErrors | DagmaError
  return ('errors' in thrown ? thrown.errors : [thrown]).map(({ code, problem }) => `${code} ${problem.replace(/ \(\S+:\d+\)/, '')}`)
}

const wrong: readonly (readonly [unknown, string])[] = [
  [
    'multiproces',
    'is "multiproces" (did you mean "multiprocess"?): use one of dagma, in_process, multiprocess, celery, k8s, celery-k8s, docker, worker-pool',
  ],
  [{ name: '' }, 'is "": use one of'],
  [{ name: 'celery', broker: 'x' }, 'has "broker", while it takes module, name and config'],
  [{ name: 'celery', config: ['x'] }, 'has a config that is not an object'],
  [{ name: 'celery', config: { a: Number.NaN } }, 'has a config that has NaN at "a"'],
  [{ name: 'x', module: 'a b' }, 'has a module that is not the name of a Python module'],
  [{ name: 'x', module: 5 }, 'has a module that is not the name of a Python module'],
  [{ name: 'x.y', module: 'a.b' }, 'has the name "x.y", which no variable of a Python module can have'],
  [5, 'must be the name of an executor, or an object with its name'],
  [{ module: 'a' }, 'must be the name of an executor, or an object with its name'],
]

test.each(wrong)('the executor %j is refused, of definitions and of a job', async (executor, reason) => {
  const given = executor as Executor
  const [one, ...more] = await problems(() => definitions({ assets: [asset({ key: 'a', run })], executor: given }))
  expect(one).toContain(`The option "executor" of definitions() ${reason}`)
  expect(more).toEqual([])
  const [other] = await problems(() =>
    definitions({ assets: [asset({ key: 'a', run })], jobs: [job({ name: 'all', selection: '*', executor: given })] }),
  )
  expect(other).toMatch(/The option "executor" of job/)
})

test.each<Executor>([
  'dagma',
  'k8s',
  { name: 'celery-k8s', config: {} },
  { name: 'batch_executor', module: 'my_company.executors', config: { queue: { env: 'QUEUE' } } },
])('the executor %j is taken', (executor) => {
  expect(definitions({ assets: [asset({ key: 'a', run })], executor }).executor).toEqual(executor)
})

test('op tags that are not data are refused, of every kind of step and of a job', async () => {
  const a = asset({ key: 'a', run, opTags: { queue: undefined } })
  const found = await problems(() =>
    definitions({
      assets: [a],
      checks: [assetCheck({ asset: a, name: 'good', opTags: { 'dagster-k8s/config': { limit: 1n } }, run: () => ({ passed: true }) })],
      jobs: [job({ name: 'all', selection: [a], opTags: { when: new Map() } })],
    }),
  )
  expect(found).toEqual([
    'DAGMA_OPTION_INVALID The option "opTags" of step "a" has "queue" without a value.',
    'DAGMA_OPTION_INVALID The option "opTags" of step "a_good" has "dagster-k8s/config", which has a bigint at "limit", which JSON lacks.',
    'DAGMA_OPTION_INVALID The option "opTags" of job "all" has "when", which has a Map, which JSON lacks.',
  ])
})

test('values that stay in the process of a step are refused where steps have their own processes', async () => {
  const a = asset({ key: 'a', run })
  const b = asset({ key: 'b', inputs: { a }, run })
  const assets = [a, b]
  const ioManagers = { default: memoryIOManager() }
  const refused = (executor: string, of: string) =>
    `DAGMA_VALUES_IN_PROCESS "b" loads the value of "a", which its IO manager keeps in the process that materialized it, but the executor "${executor}" of ${of} runs each step in its own process.`
  expect(await problems(() => definitions({ assets, ioManagers, executor: 'celery' }))).toEqual([refused('celery', 'definitions()')])
  const isolated = job({ name: 'isolated', selection: '*', executor: { name: 'multiprocess', config: {} } })
  expect(await problems(() => definitions({ assets, ioManagers, jobs: [isolated] }))).toEqual([refused('multiprocess', 'job "isolated"')])
  const apart = job({ name: 'apart', selection: [a], executor: 'k8s' }) // nothing in it loads a value
  const unknown = job({ name: 'unknown', selection: '*', executor: { name: 'batch', module: 'm' } })
  expect(definitions({ assets, ioManagers, executor: 'in_process', jobs: [apart, unknown] }).jobs.size).toBe(2)
  expect(definitions({ assets, executor: 'multiprocess' }).assets.size).toBe(2) // files
})

test('an executor of several machines is warned of where values are in the folder of the project', () => {
  const a = asset({ key: 'a', run })
  const b = asset({ key: 'b/c', inputs: { a }, run })
  const alone = asset({ key: 'alone', run })
  const assets = [a, b, alone]
  const warnings = (options: object) => projectFolderWarnings(definitions({ assets, ...options }))
  expect(warnings({ executor: 'celery' })).toEqual([
    'The executor "celery" of definitions() runs steps on several machines, but values are stored in files of the project\'s folder: "b/c" loads "a". Say in ioManagers of definitions() where all of them find values: s3IOManager(), or jsonFileIOManager() with the folder of a shared volume.',
  ])
  const jobs = [
    job({ name: 'apart', selection: '*', executor: { name: 'k8s', config: {} } }),
    job({ name: 'one', selection: [alone], executor: 'k8s' }),
    job({ name: 'here', selection: '*', executor: 'multiprocess' }),
  ]
  expect(warnings({ jobs })).toEqual([expect.stringContaining('The executor "k8s" of job "apart" runs')])
  expect(warnings({ executor: 'celery', ioManagers: { default: jsonFileIOManager('/shared') } })).toEqual([])
  const many = Array.from({ length: 5 }, (_, n) => asset({ key: `n${n}`, inputs: { a }, run }))
  expect(projectFolderWarnings(definitions({ assets: [a, ...many], executor: 'docker' }))[0]).toContain('"n2" loads "a" and 2 more.')
})
