import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commandLine, dagma } from '../test/processes.ts'
import { temporaryFolder } from '../test/temporary.ts'

test('dynamic partitions are added, listed, made and deleted', () => {
  const folder = temporaryFolder({
    'package.json': '{"type":"module","dagma":{"definitions":"defs.ts"}}',
    'defs.ts': `
import { asset, definitions, dynamicPartitions } from '${dagma}'
const one = asset({ key: 'one', partitions: dynamicPartitions('customers'), run: ({ partitionKey }) => partitionKey })
export default definitions({ assets: [one] })`,
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
  const refused = run('asset', 'materialize', '-s', 'one', '--partition', 'bob')
  expect(refused.status).toBe(2)
  expect(refused.output).toMatch(/"bob" is not a partition of "one".*dagma partition add/)
  expect(run('partition', 'add', 'customer', 'x')).toMatchObject({ status: 2, output: expect.stringContaining('(customers)') })
  expect(run('partition', 'add', 'customers', 'a...b')).toMatchObject({
    status: 2,
    output: expect.stringContaining('PARTITION_KEY_INVALID'),
  })
})
