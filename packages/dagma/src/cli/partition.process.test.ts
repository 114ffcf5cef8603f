import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commandLine, dagma } from '../test/processes.ts'
import { temporaryFolder } from '../test/temporary.ts'

test('dynamic partitions are added, listed, made and deleted', () => {
  const folder = temporaryFolder({
    'package.json': '{"type":"module","dagma":{"definitions":"defs.ts"}}',
    'defs.ts': `
import { asset, definitions, dynamicPartitions, job, sensor, skipReason } from '${dagma}'
const one = asset({ key: 'one', partitions: dynamicPartitions('customers'), run: ({ partitionKey }) => partitionKey })
const watch = sensor({
  name: 'watch', job: 'all',
  run: async ({ cursor, listDynamicPartitions }) => skipReason('has ' + (await listDynamicPartitions(cursor ?? 'customers')).join(' and ')),
})
export default definitions({ assets: [one], jobs: [job({ name: 'all', selection: [one] })], sensors: [watch] })`,
  })
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...commandLine, ...args], { cwd: folder, encoding: 'utf8' })
    return { status, output: `${stdout}${stderr}` }
  }
  expect(run('partition', 'add', 'customers', 'ada', 'bob', 'ada')).toEqual({ status: 0, output: 'customers: ada, bob added\n' })
  expect(run('partition', 'add', 'customers', 'eve', 'bob').output).toBe('customers: eve added; bob already existed\n')
  expect(run('asset', 'materialize', '-s', 'one', '--partition-range', 'bob...eve').output).toContain('2 of 2 partitions succeeded')
  expect(run('partition', 'delete', 'customers', 'bob', 'nobody').output).toBe('customers: bob deleted; nobody did not exist\n')
  expect(JSON.parse(run('partition', 'list', '--json').output)).toEqual([{ partitions: 'customers', partitionKeys: ['ada', 'eve'] }])
  expect(run('sensor', 'preview', 'watch').output).toBe('no run: has ada and eve\n')
  expect(run('sensor', 'preview', 'watch', '--cursor', 'nobody').output).toContain('(customers), not "nobody"')
  const refused = run('asset', 'materialize', '-s', 'one', '--partition', 'bob')
  expect(refused.status).toBe(2)
  expect(refused.output).toMatch(/"bob" is not a partition of "one".*dagma partition add/)
  expect(run('partition', 'add', 'customer', 'x')).toMatchObject({ status: 2, output: expect.stringContaining('(customers)') })
  expect(run('partition', 'add', 'customers', 'a...b')).toMatchObject({
    status: 2,
    output: expect.stringContaining('PARTITION_KEY_INVALID'),
  })
})

test('the status of partitions, and the runs of those that are missing or failed', () => {
  const folder = temporaryFolder({
    'package.json': '{"type":"module","dagma":{"definitions":"defs.ts"}}',
    'defs.ts': `
import { asset, dailyPartitions, definitions, job } from '${dagma}'
const days = dailyPartitions({ start: '2026-01-01', end: '2026-01-11' })
const orders = asset({ key: 'orders', partitions: days, run: ({ partitionKey }) => { if (process.env.BREAK === partitionKey) throw new Error('no'); return 1 } })
const plain = asset({ key: 'plain', run: () => 1 })
export default definitions({ assets: [orders, plain], jobs: [job({ name: 'shop', selection: [orders] })] })`,
  })
  const run = (args: string, env = {}) => {
    const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, [...commandLine, ...args.split(' ')], options)
    return { status, output: `${stdout}${stderr}` }
  }
  const ranges = '--partition-range 2026-01-01...2026-01-02,2026-01-04 --partition-range 2026-01-06...2026-01-07'
  const first = run(`asset materialize -s orders ${ranges}`, { BREAK: '2026-01-02' })
  expect(first.output).toMatch(/^\[1\/5\] Run .*\[2026-01-01\]/)
  expect(first.output).toContain('4 of 5 partitions succeeded.')
  expect(run('partition status').output).toBe(`orders  (daily)  4 materialized, 5 missing, 1 failed
  █✗░█░██░░░
  missing: 2026-01-03, 2026-01-05, 2026-01-08...2026-01-10
  failed: 2026-01-02
`)
  expect(run('asset show orders').output).toContain('  partitions: daily, 4 materialized, 5 missing, 1 failed\n    █✗░█░██░░░\n')
  expect(JSON.parse(run('partition status orders --json').output)).toMatchObject([
    { asset: 'orders', counts: { materialized: 4, missing: 5, failed: 1 }, failed: ['2026-01-02'] },
  ])
  const missing = run('job launch -j shop --missing --partition-range 2026-01-01...2026-01-05')
  expect(missing.output.match(/Run .*\]/g)).toHaveLength(2)
  expect(run('asset materialize -s orders --failed').output).toContain('[2026-01-02]')
  expect(run('asset materialize -s orders --failed').output).toBe('No partitions to run.\n')
  expect(run('asset materialize -s orders --missing --failed --partition-range 2026-01-01...2026-01-08').output).toContain('[2026-01-08]')
  expect(run('asset materialize -s orders --missing --partition 2026-01-08').output).toContain('cannot be used')
  expect(run('asset materialize -s orders --partition-range 2026-01-01...2026-01-02...2026-01-03').output).toContain(
    '[DAGMA_OPTION_INVALID]',
  )
  expect(run('partition status plain')).toMatchObject({ status: 2, output: expect.stringContaining('asset with partitions') })
}, 60_000)

test('a range in one run counts its partitions, and names those that failed in the end', () => {
  const folder = temporaryFolder({
    'package.json': '{"type":"module","dagma":{"definitions":"defs.ts"}}',
    'defs.ts': `
import { asset, dailyPartitions, definitions, multiPartitions, staticPartitions } from '${dagma}'
const days = dailyPartitions({ start: '2026-01-01', end: '2026-01-11' })
const run = ({ partitionKey }) => { if (process.env.BREAK?.split(',').includes(partitionKey)) throw new Error('no') }
const grid = multiPartitions({ day: days, shop: staticPartitions(['x', 'y', 'z']) })
export default definitions({ assets: [
  asset({ key: 'whole', partitions: days, backfillPolicy: 'single-run', run }),
  asset({ key: 'parts', partitions: days, backfillPolicy: { maxPartitionsPerRun: 2 }, run }),
  asset({ key: 'grid', partitions: grid, backfillPolicy: { maxPartitionsPerRun: 4 }, run }),
] })`,
  })
  const run = (args: string, env = {}) => {
    const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', ...env } } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, [...commandLine, ...args.split(' ')], options)
    return { status, output: `${stdout}${stderr}` }
  }
  const ranges = (output: string) => output.match(/(?<=Run \S+ \[).*(?=\])/g)
  const first = run('asset materialize -s whole --partition-range 2026-01-01...2026-01-03', { BREAK: '2026-01-02' })
  const id = /Run (\w{8})/.exec(first.output)?.[1]
  expect(first).toMatchObject({ status: 1, output: expect.stringMatching(/^Run \S+ \[2026-01-01\.\.\.2026-01-03\]\n/) })
  expect(first.output.match(/^\[\d\/3\] (?=[✓✗])/gm)).toEqual(['[1/3] ', '[2/3] ', '[3/3] '])
  expect(first.output).toMatch(/^\[\d\/3\] ✗ whole \[2026-01-02\] {2}/m)
  expect(first.output.trimEnd().split('\n').at(-1)).toBe(`2 of 3 partitions succeeded. These did not: 2026-01-02 (${id}).`)
  expect(run('partition status whole').output).toContain('2 materialized, 7 missing, 1 failed')
  const broken = run('asset materialize -s whole --partition-range 2026-01-01...2026-01-03', { BREAK: '2026-01-01,2026-01-02' })
  const retried = run(`run retry ${/Run (\w{8})/.exec(broken.output)?.[1]}`, { BREAK: '2026-01-02' })
  expect(retried.output.match(/^\[\d\/2\] (?=[✓✗])/gm)).toEqual(['[1/2] ', '[2/2] '])
  expect(ranges(run('asset materialize -s whole --missing --partition-range 2026-01-01...2026-01-05').output)).toEqual([
    '2026-01-04...2026-01-05',
  ])
  expect(ranges(run('asset materialize -s parts --partition-range 2026-01-01...2026-01-03,2026-01-05').output)).toEqual([
    '2026-01-01...2026-01-02',
    '2026-01-03',
    '2026-01-05',
  ])
  expect(ranges(run('asset materialize -s grid --partition-range 2026-01-01|x...2026-01-02|y').output)).toEqual([
    '2026-01-01|x...2026-01-02|y',
  ])
  expect(ranges(run('asset materialize -s grid --partition-range 2026-01-01|x...2026-01-02|z').output)).toEqual([
    '2026-01-01|x...2026-01-01|z',
    '2026-01-02|x...2026-01-02|z',
  ])
}, 60_000)
