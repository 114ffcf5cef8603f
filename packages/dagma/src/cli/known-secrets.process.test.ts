/** Which secrets are known to the command line before any code of a step runs, and where a known one is refused. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandLine, dagma } from '../test/processes.ts'
import { temporaryFolder } from '../test/temporary.ts'

const value = 'zk81-quiet-walnut-77'

function project(definitions: string, files: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder({ 'package.json': '{"name":"p","type":"module","dagma":{}}', 'src/definitions.ts': definitions, ...files })
  return (args: string, env: Readonly<Record<string, string>> = { ZEBRA: value }, input = '') => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...commandLine, ...args.split(' ')], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...env },
      input,
    })
    return { status, output: stdout + stderr, stdout, stored: stored(folder) }
  }
}

/** Everything that is stored under `.dagma/`, but for values. */
function stored(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.parentPath.includes('.dagma') && !entry.parentPath.includes('values'),
  )
  return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join('\n')
}

const prints =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: source of a project
  "asset({ key: 'early', run: ({ log }) => { console.log('printed', process.env.ZEBRA); log.info(`logged ${process.env.ZEBRA}`); return 1 } })"

describe('a secret is known before a step runs', () => {
  test.each([
    ['in the settings function of a resource that no step uses yet', 'api(() => ({ token: secret("ZEBRA") }))'],
    ['in a settings function that fails', 'api(() => { secret("ZEBRA").reveal().at(-1).boom() })'],
    ['in a settings function that gives a rejected promise', 'api(async () => { secret("ZEBRA"); throw new Error("not now") })'],
  ])('%s', (_where, bound) => {
    const run = project(`import { asset, definitions, resource, secret } from '${dagma}'
const api = resource({ open: (settings) => settings })
const early = ${prints}
const late = asset({ key: 'late', deps: [early], resources: { api }, run: () => 1 })
export default definitions({ assets: [early, late], resources: { api: ${bound} } })`)
    for (const args of ['asset materialize -s early', 'run logs', 'run list --json']) {
      const { output } = run(args)
      expect(output, args).not.toContain(value)
    }
    const { output, stored } = run('asset materialize -s early')
    expect(output).toContain('printed [redacted]')
    expect(output).toContain('logged [redacted]')
    expect(stored).not.toContain(value)
  })

  test('by its name, from the environment and from .env, also when definitions cannot be loaded', () => {
    const fails = `throw new Error(\`cannot start with \${process.env.SHOP_TOKEN} and \${process.env.DB_PASSWORD}\`)`
    const run = project(fails, { '.env': `DB_PASSWORD=${value}-of-env\n` })
    for (const args of ['asset list', 'build', 'doctor', 'definitions validate']) {
      const { status, output } = run(args, { SHOP_TOKEN: value })
      expect([status, output], args).toEqual([2, expect.stringContaining('cannot start with [redacted] and [redacted]')])
    }
  })

  test('when the module that fails to load has set it, and when a step before has', () => {
    const fails = `process.env.SHOP_TOKEN = '${value}'; throw new Error(\`cannot start with \${process.env.SHOP_TOKEN}\`)`
    expect(project(fails)('asset list').output).toContain('cannot start with [redacted]')
    const run = project(`import { asset, definitions } from '${dagma}'
const sets = asset({ key: 'sets', run: () => { process.env.SHOP_TOKEN = '${value}' ; return 1 } })
const shows = asset({ key: 'shows', deps: [sets], run: () => { console.log('printed', process.env.SHOP_TOKEN); return 1 } })
export default definitions({ assets: [sets, shows] })`)
    expect(run('asset materialize -s *').output).toContain('printed [redacted]')
  })

  test('unless DAGMA_SECRETS excludes it', () => {
    const run = project(
      `import { asset, definitions } from '${dagma}'\nexport default definitions({ assets: [${prints.replaceAll('ZEBRA', 'SHOP_TOKEN')}] })`,
    )
    expect(run('asset materialize -s *', { SHOP_TOKEN: value }).output).toContain('printed [redacted]')
    expect(run('asset materialize -s *', { SHOP_TOKEN: value, DAGMA_SECRETS: '!SHOP_TOKEN' }).output).toContain(`printed ${value}`)
  })

  test('when it is rotated, unset or set by a step', () => {
    const run = project(`import { asset, definitions, secret } from '${dagma}'
secret('ZEBRA')
export default definitions({ assets: [asset({ key: 'a', run: () => {
  const old = process.env.ZEBRA
  process.env.ZEBRA = 'fresh-value-of-zebra'
  console.log('old', old, 'new', process.env.ZEBRA)
  delete process.env.ZEBRA
  console.log('gone', old)
  return 1
} })] })`)
    expect(run('asset materialize -s *').output).toMatch(/old \[redacted\] new \[redacted\]\n.*gone \[redacted\]/s)
  })
})

test('a declared secret that is too short is named when a run starts, and by the doctor', () => {
  const run = project(`import { asset, definitions, secret } from '${dagma}'
secret('ZEBRA')
export default definitions({ assets: [asset({ key: 'a', run: () => 1 })] })`)
  expect(run('asset materialize -s *', { ZEBRA: 'short' }).output).toContain('The secret ZEBRA has fewer than 8 characters')
  expect(run('doctor', { ZEBRA: 'short' }).output).toContain('ZEBRA')
  expect(run('asset materialize -s *', { ZEBRA: value }).output).not.toContain('ZEBRA')
})

describe('a known secret is refused', () => {
  const defined = (assets: string, more = '') =>
    project(`import { asset, assetCheck, definitions, job, secret, staticPartitions } from '${dagma}'
const key = secret('ZEBRA').reveal()
const anything = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }
const a = asset({ key: 'a', config: anything, run: () => 1 })
export default definitions({ assets: [a, ${assets}], ${more} })`)

  test.each([
    ['an asset key', 'asset({ key: key, run: () => 1 })', '', 'the key of asset "[redacted]"'],
    ['a group', "asset({ key: 'b', group: key, run: () => 1 })", '', 'the group of asset "b"'],
    ['a tag', "asset({ key: 'b', tags: { key }, run: () => 1 })", '', 'the tags of asset "b"'],
    ['a partition', "asset({ key: 'b', partitions: staticPartitions(['x', key]), run: () => 1 })", '', 'the partitions of asset "b"'],
    [
      'config of a job',
      '',
      "jobs: [job({ name: 'j', selection: '*', config: { a: { deep: [{ key }] } } })]",
      'the config of job "j".a.deep[0].key',
    ],
    ['a tag of a job', '', "jobs: [job({ name: 'j', selection: '*', tags: { key } })]", 'the tags of job "j"'],
  ])('in %s', (_what, assets, more, field) => {
    const secretValue = 'zk81_quiet_walnut_77'
    for (const args of ['definitions validate', 'build', 'asset list']) {
      const { status, output } = defined(assets, more)(args, { ZEBRA: secretValue })
      expect(status, output).toBe(2)
      expect(output).toContain(field)
      expect(output).not.toContain(secretValue)
    }
  })

  test('in a tag and a partition of a run', () => {
    const run = defined('')
    const { status, output, stored } = run(`asset materialize -s a --tag note=${value}`)
    expect([status, output]).toEqual([2, expect.stringContaining('the tags of the run.note')])
    expect(stored).not.toContain(value)
  })
})

describe('a tick', () => {
  const watcher = (result: string) =>
    project(`import { asset, definitions, dynamicPartitions, job, runRequest, secret, sensor } from '${dagma}'
const key = secret('ZEBRA')
const anything = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }
const a = asset({ key: 'a', partitions: dynamicPartitions('d'), config: anything, run: () => 1 })
const j = job({ name: 'j', selection: [a] })
export default definitions({ assets: [a], jobs: [j], sensors: [sensor({ name: 's', job: j, run: () => (${result}) })] })`)
  const request = JSON.stringify({ kind: 'sensor', name: 's', cursor: null })

  test('passes whole where it holds no known secret, however it looks', () => {
    const config = { a: { url: 'https://ann:pa55word@example.com/?X-Amz-Signature=abcdef0123456789' } }
    const asked = `{ cursor: 'c?token=AAAA1', runRequests: ['AAAA1', 'BBBB2'].map((token) => runRequest({ runKey: 'r?token=' + token, tags: { key: 'sk-abcdefghijklmnop1234' }, partitionKey: 'p?sig=abcd', config: ${JSON.stringify(config)} })), dynamicPartitions: [{ partitions: 'd', add: ['d?token=CCCC3'] }] }`
    const { stdout } = watcher(asked)('tick', undefined, request)
    const answer = JSON.parse(stdout)
    expect(answer).toMatchObject({ cursor: 'c?token=AAAA1', dynamic_partitions: [{ add: ['d?token=CCCC3'] }] })
    expect(answer.run_requests).toMatchObject(
      ['AAAA1', 'BBBB2'].map((token) => ({
        run_key: `r?token=${token}`,
        tags: { key: 'sk-abcdefghijklmnop1234' },
        partition_key: 'p?sig=abcd',
        config,
      })),
    )
  })

  test.each([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source of a project
    ['run key', '[runRequest({ runKey: `k ${key.reveal()}` })]', 'runRequests[0].runKey'],
    ['cursor', '{ cursor: Buffer.from(key.reveal()).toString("base64") }', 'cursor'],
    ['partition', '[runRequest({ partitionKey: key.reveal() })]', 'runRequests[0].partitionKey'],
    ['tag', '[runRequest({ tags: { t: key.reveal() } })]', 'runRequests[0].tags.t'],
    ['config', '[runRequest({ config: { a: { n: [key.reveal()] } } })]', 'runRequests[0].config.a.n'],
    ['dynamic partition', '{ dynamicPartitions: [{ partitions: "d", add: [key.reveal()] }] }', 'dynamicPartitions[0].add'],
  ])('with a known secret in its %s is refused with the name of the field', (_what, asked, field) => {
    const { status, output } = watcher(asked)('tick', undefined, request)
    expect(status).toBe(1)
    expect(output).toContain(`A known secret, the value of ZEBRA, is in ${field},`)
    expect(output).toContain('DAGMA_SECRET_IN_TICK')
    expect(output).not.toContain(value)
  })
})
