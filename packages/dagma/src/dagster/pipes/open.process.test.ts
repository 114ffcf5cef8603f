import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { pipesContext } from '../../test/pipes-context.ts'
import { temporaryFolder, thrownBy } from '../../test/temporary.ts'
import { openPipes, runPipes } from './open.ts'
import { decodeParam, encodeParam, type PipesMessageWriter } from './protocol.ts'

const context = pipesContext({ asset_keys: ['sum'] })

const environment = (contextParams: unknown, messagesParams: unknown) => ({
  DAGSTER_PIPES_CONTEXT: encodeParam(contextParams),
  DAGSTER_PIPES_MESSAGES: encodeParam(messagesParams),
})

const methods = (text: string): string[] => text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line).method] : []))

/** Runs a module that may use `openPipes` and `runPipes` of the sources in `folder`. */
function script(code: string, variables: object, folder = fileURLToPath(new URL('../../..', import.meta.url))) {
  const module = `const { openPipes, runPipes } = await import(${JSON.stringify(join(folder, 'src/pipes.ts'))})\n${code}`
  return spawnSync(process.execPath, ['--input-type=module', '-e', module], {
    env: { PATH: process.env.PATH, ...variables },
    encoding: 'utf8',
  })
}

describe('parameters', () => {
  test('are what Python’s dagster_pipes writes', () => {
    // encode_param({}) of dagster_pipes 1.13
    expect(decodeParam('eJyrrgUAAXUA+Q==')).toEqual({})
    expect(decodeParam(encodeParam({ data: context }))).toEqual({ data: context })
  })

  test('come from the environment or the command line, which goes first', async () => {
    const folder = temporaryFolder({})
    const [first, second] = [join(folder, 'first'), join(folder, 'second')]
    const { DAGSTER_PIPES_CONTEXT, DAGSTER_PIPES_MESSAGES } = environment({ data: context }, { path: first })
    const other = encodeParam({ path: second })
    const ways = [
      { args: [], environment: { DAGSTER_PIPES_CONTEXT, DAGSTER_PIPES_MESSAGES } },
      { args: ['--dagster-pipes-messages', other, '--more', 'x'], environment: { DAGSTER_PIPES_CONTEXT, DAGSTER_PIPES_MESSAGES } },
      { args: ['x', `--dagster-pipes-context=${DAGSTER_PIPES_CONTEXT}`, '--dagster-pipes-messages', other], environment: {} },
    ]
    for (const way of ways) await (await openPipes(way)).close()
    expect([methods(readFileSync(first, 'utf8')), methods(readFileSync(second, 'utf8'))]).toEqual([
      ['opened', 'closed'],
      ['opened', 'closed', 'opened', 'closed'],
    ])
  })

  test('that cannot be parsed are named', async () => {
    const folder = temporaryFolder({ 'list.json': '[]', 'broken.json': '{' })
    const inline = { data: context }
    const wrong = [
      { DAGSTER_PIPES_CONTEXT: encodeParam(inline) },
      { DAGSTER_PIPES_CONTEXT: 'AAAA', DAGSTER_PIPES_MESSAGES: '' },
      environment([], {}),
      environment({}, {}),
      environment({ data: 5 }, {}),
      environment({ path: join(folder, 'none.json') }, {}),
      environment({ path: join(folder, 'list.json') }, {}),
      environment({ path: join(folder, 'broken.json') }, {}),
      environment(inline, { queue: 'q' }),
      environment(inline, { stdio: 'stdin' }),
      environment(inline, { path: join(folder, 'none', 'messages') }),
    ]
    const messages = await Promise.all(
      wrong.map(async (variables) => (await thrownBy(() => openPipes({ environment: variables, args: [] }))).message),
    )
    expect(messages.map((message) => message.replaceAll(folder, '…').replace(/ (Start|Check) .*\[/, ' … ['))).toMatchInlineSnapshot(`
      [
        "The parameter DAGSTER_PIPES_MESSAGES of Dagster Pipes is not set, but DAGSTER_PIPES_CONTEXT is. … [DAGMA_PIPES_PARAMS_INVALID]",
        "The parameter DAGSTER_PIPES_CONTEXT of Dagster Pipes is not base64 of zlib of JSON. … [DAGMA_PIPES_PARAMS_INVALID]",
        "The parameter DAGSTER_PIPES_CONTEXT of Dagster Pipes is not a JSON object. … [DAGMA_PIPES_PARAMS_INVALID]",
        "The parameter DAGSTER_PIPES_CONTEXT of Dagster Pipes names no path, data or bucket and key, but: nothing. … [DAGMA_PIPES_PARAMS_INVALID]",
        "The parameter DAGSTER_PIPES_CONTEXT of Dagster Pipes is not a Pipes context. … [DAGMA_PIPES_PARAMS_INVALID]",
        "The parameter DAGSTER_PIPES_CONTEXT of Dagster Pipes names the file …/none.json, which cannot be read. … [DAGMA_PIPES_PARAMS_INVALID]",
        "The parameter DAGSTER_PIPES_CONTEXT of Dagster Pipes names the file …/list.json, which contains no context. … [DAGMA_PIPES_PARAMS_INVALID]",
        "The parameter DAGSTER_PIPES_CONTEXT of Dagster Pipes names the file …/broken.json, which cannot be read. … [DAGMA_PIPES_PARAMS_INVALID]",
        "The parameter DAGSTER_PIPES_MESSAGES of Dagster Pipes names no path, stdout or stderr, or bucket, but: queue. … [DAGMA_PIPES_PARAMS_INVALID]",
        "The parameter DAGSTER_PIPES_MESSAGES of Dagster Pipes names no path, stdout or stderr, or bucket, but: stdio. … [DAGMA_PIPES_PARAMS_INVALID]",
        "Messages could not be delivered to Dagster: ENOENT: no such file or directory, open '…/none/messages'. … [DAGMA_PIPES_DELIVERY_FAILED]",
      ]
    `)
  })
})

describe('openPipes', () => {
  test('reads the context inline, from a file, or by a loader', async () => {
    const folder = temporaryFolder({ 'context.json': JSON.stringify(context) })
    const path = join(folder, 'messages')
    for (const params of [{ data: context }, { path: join(folder, 'context.json') }]) {
      const pipes = await openPipes({ environment: environment(params, { path }) })
      expect(pipes.context.data).toEqual(context)
      await pipes.close()
    }
    const pipes = await openPipes({
      environment: environment({ table: 't' }, { path }),
      contextLoader: ({ table }) => ({ ...context, extras: { table } }),
    })
    expect(pipes.context.extras).toEqual({ table: 't' })
    await pipes.close()
  })

  test('sends to a writer of one’s own, whose extras go with the opened message', async () => {
    const lines: string[] = []
    const writer: PipesMessageWriter = {
      write: (line) => lines.push(line),
      close: async () => void lines.push('end'),
      openedExtras: { a: 1 },
    }
    const pipes = await openPipes({ environment: environment({ data: context }, { topic: 't' }), messageWriter: () => writer })
    await pipes.close()
    expect(lines).toEqual([
      '{"__dagster_pipes_version":"0.1","method":"opened","params":{"extras":{"a":1}}}',
      '{"__dagster_pipes_version":"0.1","method":"closed","params":{}}',
      'end',
    ])
  })

  test('warns outside Dagster, and reports nowhere', () => {
    const code = `const session = await openPipes()
session.log.info('a'); session.reportAssetMaterialization(); session.reportAssetMaterialization()
session.reportAssetCheck({ checkName: 'c', passed: true }); session.reportCustomMessage(1)
await session.close()
console.log(session.isActive, session.context.isAssetStep, session.context.extras)
try { session.context.assetKey } catch (error) { console.log(error.message) }`
    const { stdout, stderr, status } = script(code, {})
    expect(status).toBe(0)
    expect(stdout).toMatch(/^false false \{\}\nThe Pipes context has no assetKey: Dagster did not start this process\. /)
    expect(stderr).toContain('DagmaPipesWarning: Dagster did not start this process')
  })

  test('of S3 tells what to install where the AWS SDK is not', () => {
    const folder = temporaryFolder({ 'package.json': '{"type":"module"}' })
    mkdirSync(join(folder, 'src'))
    cpSync(new URL('../..', import.meta.url), join(folder, 'src'), { recursive: true })
    const { stderr, status } = script('await openPipes()', environment({ data: context }, { bucket: 'b' }), folder)
    expect(status).toBe(1)
    expect(stderr).toContain('Install it, for example with `npm install @aws-sdk/client-s3`. [DAGMA_PACKAGE_MISSING]')
  })
})

describe('runPipes', () => {
  test('gives what the function gives, and closes', async () => {
    const path = join(temporaryFolder({}), 'messages')
    const result = await runPipes(({ context: { runId } }) => runId, { environment: environment({ data: context }, { path }) })
    expect([result, methods(readFileSync(path, 'utf8'))]).toEqual(['run-1', ['opened', 'closed']])
  })

  test('closes with the error that the function throws, and throws it on', async () => {
    const path = join(temporaryFolder({}), 'messages')
    const error = new Error('it broke')
    const run = () => runPipes(() => Promise.reject(error), { environment: environment({ data: context }, { path }) })
    expect(await thrownBy(run)).toBe(error)
    expect(JSON.parse(readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '').params.exception.message).toBe('it broke')
  })
})

describe('messages to a stream', () => {
  test.each(['stdout', 'stderr'] as const)('%s go at once', (stdio) => {
    const code = `const session = await openPipes(); console.${stdio === 'stdout' ? 'log' : 'error'}('between'); await session.close()`
    expect(script(code, environment({ data: context }, { stdio }))[stdio].match(/opened|between|closed/g)).toEqual([
      'opened',
      'between',
      'closed',
    ])
  })

  test('that are buffered go at the end, also of a process that does not close its session', () => {
    const variables = environment({ data: context }, { buffered_stdio: 'stderr' })
    for (const end of ['await session.close()', 'process.exit(0)', '']) {
      const { stderr } = script(`const session = await openPipes(); console.error('between'); ${end}`, variables)
      expect(stderr.match(/opened|between|closed/g)).toEqual(['between', 'opened', ...(end.startsWith('await') ? ['closed'] : [])])
    }
  })

  test('tell the error of which the process dies', () => {
    const code = `await openPipes(); setTimeout(() => { throw new Error('nobody caught this') })`
    for (const params of [{ stdio: 'stdout' }, { buffered_stdio: 'stdout' }]) {
      const { stdout, status } = script(code, environment({ data: context }, params))
      expect([status, methods(stdout)]).toEqual([1, ['opened', 'closed']])
      expect(stdout).toContain('nobody caught this')
    }
  })
})

test('stdout and stderr go along where Dagster asks for them, in whole lines, and without secrets', () => {
  const path = join(temporaryFolder({}), 'messages')
  const code = `import { execFileSync, spawnSync } from 'node:child_process'
await runPipes(() => {
  process.stdout.write('Bearer abcde'); console.log('fghijklmnop'); console.error('complaint')
  execFileSync(process.execPath, ['-e', 'console.log("child")'], { stdio: 'inherit' })
  process.stdout.write('unended')
})
console.log('after')`
  const { stdout } = script(code, environment({ data: context }, { path, include_stdio_in_messages: true }))
  expect(stdout).toBe('Bearer [redacted]\nchild\nunendedafter\n')
  const messages: { method: string; params: unknown }[] = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(messages.map(({ method, params }) => `${method} ${JSON.stringify(params)}`)).toMatchInlineSnapshot(`
    [
      "opened {"extras":{}}",
      "log_external_stream {"stream":"stdout","text":"Bearer [redacted]\\n","extras":{}}",
      "log_external_stream {"stream":"stderr","text":"complaint\\n","extras":{}}",
      "log_external_stream {"stream":"stdout","text":"child\\n","extras":{}}",
      "log_external_stream {"stream":"stdout","text":"unended","extras":{}}",
      "closed {}",
    ]
  `)
})
