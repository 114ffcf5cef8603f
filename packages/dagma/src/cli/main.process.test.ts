import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { commandLine, dagma, packageAt } from '../test/processes.ts'
import { temporaryFolder } from '../test/temporary.ts'

interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs `dagma` in a folder, without colors unless they are asked for. */
async function run(folder: string, args: readonly string[], variables: { readonly [name: string]: string | undefined } = {}): Promise<Ran> {
  const child = spawn(process.execPath, [...commandLine, ...args], {
    cwd: folder,
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined, COLUMNS: '100', CLI_TEST_KEY: 'cli-secret-value', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, stdout, stderr }
}

const project = (defs: string) =>
  temporaryFolder({ 'package.json': '{"type":"module","dagma":{"definitions":"defs.ts"}}', 'defs.ts': defs })

/** A project whose code prints to stdout wherever it can. */
const noisy = () =>
  project(`
import { asset, definitions, job, materializeResult, MetadataValue, schedule, secret } from '${dagma}'
import { z } from '${packageAt('zod')}'
const key = secret('CLI_TEST_KEY')
console.log('loading', key.reveal())
const raw = asset({ key: 'raw', group: 'data', description: 'Numbers.', config: z.object({ limit: z.number().default(3) }),
  run: ({ config, log }) => {
    console.log('making raw with', key.reveal())
    process.stdout.write('unfinished {')
    log.warning('limit ' + config.limit)
    return materializeResult([1, 2, 3].slice(0, config.limit), { metadata: { count: config.limit, page: MetadataValue.url('https://example.com/raw') } })
  } })
const sum = asset({ key: 'mart/sum', inputs: { raw }, run: ({ inputs }) => inputs.raw.length })
const broken = asset({ key: 'broken', run: () => { throw new TypeError('no such table', { cause: new Error('key ' + key.reveal()) }) } })
const after = asset({ key: 'after', deps: [broken], run: () => 1 })
const numbers = job({ name: 'numbers', selection: [raw, sum] })
export default definitions({ assets: [raw, sum, broken, after], jobs: [numbers],
  schedules: [schedule({ name: 'daily', job: numbers, cronSchedule: '0 2 * * *' })] })
`)

/** Output without what differs from run to run. */
const steady = (output: string, folder: string): string =>
  output
    .replaceAll(folder, '<folder>')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<run>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/\b\d+(?:\.\d+)? m?s\b/g, '<duration>')
    .replace(/(latency_ms +)[\d.]+/g, '$1<n>')
    .replace(/defs\.ts:\d+:\d+/g, 'defs.ts:<line>')

describe('exit codes', () => {
  test('0: a good run, printed as it goes', async () => {
    const folder = noisy()
    const { code, stdout, stderr } = await run(folder, ['asset', 'materialize', '--select', '+mart/sum', '-c', '{"raw":{"limit":2}}'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(steady(stdout, folder)).toMatchInlineSnapshot(`
      "loading [redacted]
      Run <run>
      making raw with [redacted]
        raw warning: limit 2
      ✓ raw  <duration>
          count       2
          page        https://example.com/raw
          latency_ms  <n>
          size_bytes  5
      ✓ mart/sum  <duration>
          latency_ms  <n>
          size_bytes  1
      SUCCESS in <duration>
      unfinished {"
    `)
    expect(readFileSync(join(folder, '.dagma/values/mart/sum.json'), 'utf8')).toBe('2')
  })

  test('1: a failed run, with the user’s lines and no secret', async () => {
    const folder = noisy()
    const { code, stdout } = await run(folder, ['asset', 'materialize', '-s', 'broken+'])
    expect(code).toBe(1)
    expect(steady(stdout, folder)).toMatchInlineSnapshot(`
      "loading [redacted]
      Run <run>
      ✗ broken  <duration>
          Step "broken" failed: no such table. Fix the error below. [DAGMA_STEP_FAILED]
          TypeError
          at Object.run (file://<folder>/defs.ts:<line>)
          caused by Error: key [redacted]
          at Object.run (file://<folder>/defs.ts:<line>)
      - after  skipped because broken did not succeed
      FAILURE in <duration>
      "
    `)
    expect(stdout).not.toContain('cli-secret-value')
  })

  test('2: wrong usage and wrong definitions; nothing runs', async () => {
    const folder = noisy()
    const wrong = [
      ['asset', 'materialize'],
      ['asset', 'materialize', '-s', 'rav'],
      ['asset', 'materialize', '-s', 'raw', '-c', '{"raw":{"limit":"x"}}'],
      ['asset', 'materialize', '-s', 'raw', '-c', '[1'],
      ['asset', 'show', 'rav'],
      ['job', 'launch', '-j', 'number'],
      ['run', 'show', 'abc'],
      ['run', 'list', '-n', 'many'],
      ['asset', 'list', '-m', 'nothing.ts'],
      ['asset', 'list', '--colour'],
      ['dance'],
    ].map(async (args) => {
      const { code, stderr } = await run(folder, args)
      return `${code} ${args.join(' ')}: ${steady(stderr, folder).trim()}`
    })
    const messages = await Promise.all(wrong)
    expect(messages).toMatchInlineSnapshot(`
      [
        "2 asset materialize: error: required option '-s, --select <selection>' not specified",
        "2 asset materialize -s rav: error: The selection "rav" contains "rav", which matches no asset. Did you mean "raw"? Run \`dagma asset list\` to see the assets. [DAGMA_SELECTION_UNKNOWN]",
        "2 asset materialize -s raw -c {"raw":{"limit":"x"}}: error: The config of "raw" is invalid: limit: Invalid input: expected number, received string. Fix these config fields. [DAGMA_CONFIG_INVALID]",
        "2 asset materialize -s raw -c [1: error: option '-c, --config <json>' argument '[1' is invalid. Give a JSON object such as {"my_asset": {"limit": 3}}.",
        "2 asset show rav: error: There is no asset "rav". Did you mean "raw"? Run \`dagma asset list\` to see the assets. [DAGMA_ASSET_UNKNOWN]",
        "2 job launch -j number: error: There is no job "number" (jobs: numbers). Use one of these jobs, or add it to definitions(). [DAGMA_JOB_UNKNOWN]",
        "2 run show abc: error: There is no run "abc" in this project's event log. Run \`dagma run list\` to see the runs. [DAGMA_RUN_UNKNOWN]",
        "2 run list -n many: error: option '-n, --limit <count>' argument 'many' is invalid. Pass an integer of at least 1.",
        "2 asset list -m nothing.ts: error: There is no definitions module at <folder>/nothing.ts. Set the correct file with -m, or in the "dagma" field of package.json. [DAGMA_MODULE_NOT_FOUND]",
        "2 asset list --colour: error: unknown option '--colour'",
        "2 dance: error: unknown command 'dance'",
      ]
    `)
    expect(existsSync(join(folder, '.dagma/values'))).toBe(false)
  }, 20_000)

  test('2: outside a project', async () => {
    const { code, stderr } = await run(temporaryFolder(), ['asset', 'list'])
    expect(code).toBe(2)
    expect(stderr).toContain('[DAGMA_PROJECT_NOT_FOUND]')
  })

  test.each([
    ['throws', `throw new Error('no database')`, /no database/],
    ['has TypeScript that Node cannot strip', `enum Kind { A }\nexport default Kind`, /enum/i],
    ['imports what is not there', `import './gone'`, /gone/],
    ['has no definitions', 'export default 1', /DAGMA_MODULE_NO_DEFINITIONS/],
  ])('2: a module that %s', async (_what, defs, pattern) => {
    const { code, stdout, stderr } = await run(project(defs), ['asset', 'list'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(pattern)
    expect(stderr).toMatch(/^error: .*\[DAGMA_(MODULE|TYPESCRIPT|IMPORT)_/s)
  })

  test('2: every wrong definition on its own line', async () => {
    const defs = `import { asset, definitions } from '${dagma}'
export default definitions({ assets: [asset({ key: 'a', deps: ['x', 'y'], run: () => 1 })] })`
    const { code, stderr } = await run(project(defs), ['asset', 'list'])
    expect(code).toBe(2)
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => /^error: Asset "a".*\[DAGMA_DEP_UNKNOWN\]$/.test(line)),
    ).toEqual([true, true])
  })
})

describe('--json prints one document to stdout, whatever the project prints', () => {
  test.each<[args: string[]]>([
    [['asset', 'list']],
    [['asset', 'show', 'raw']],
    [['asset', 'materialize', '-s', 'raw']],
    [['job', 'list']],
    [['job', 'launch', '-j', 'numbers']],
    [['run', 'list']],
  ])('%s', async (args) => {
    const folder = noisy()
    const { code, stdout, stderr } = await run(folder, [...args, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toBeTypeOf('object')
    if (args[0] !== 'run') expect(stderr).toContain('loading [redacted]')
    expect(stdout + stderr).not.toContain('cli-secret-value')
  })

  test('of a failed run too', async () => {
    const { code, stdout } = await run(noisy(), ['asset', 'materialize', '-s', '*', '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'FAILURE',
      events: expect.arrayContaining([expect.objectContaining({ type: 'STEP_FAILURE' })]),
    })
  })

  test('dagma build prints the manifest', async () => {
    const { stdout } = await run(noisy(), ['build'])
    expect(JSON.parse(stdout)).toMatchObject({ manifest_version: 1 })
  })

  test('run show --json after a run', async () => {
    const folder = noisy()
    const { stdout: made } = await run(folder, ['asset', 'materialize', '-s', 'raw', '--json'])
    const { runId } = JSON.parse(made)
    const { stdout } = await run(folder, ['run', 'show', runId.slice(0, 8), '--json'])
    const shown = JSON.parse(stdout)
    expect(shown.run).toMatchObject({ runId, status: 'SUCCESS', assetKeys: ['raw'] })
    expect(shown.events.map(({ type }: { type: string }) => type)).toEqual([
      'RUN_START',
      'STEP_START',
      'LOG',
      'ASSET_MATERIALIZATION',
      'STEP_SUCCESS',
      'RUN_SUCCESS',
    ])
  })
})

describe('what people see', () => {
  test('lists, shows and runs', async () => {
    const folder = noisy()
    const outputs: string[] = []
    for (const args of [
      ['asset', 'list'],
      ['job', 'list'],
      ['asset', 'show', 'raw'],
      ['run', 'list'],
    ])
      outputs.push(steady((await run(folder, args)).stdout, folder))
    expect(outputs.join('\n')).toMatchInlineSnapshot(`
      "loading [redacted]
      ASSET     GROUP    UPSTREAM
      raw       data
      mart/sum  default  raw
      broken    default
      after     default  broken

      loading [redacted]
      JOB      ASSETS         SCHEDULE
      numbers  raw, mart/sum  0 2 * * * UTC

      loading [redacted]
      raw  (group data)
        Numbers.
        upstream: none
        never materialized

      RUN  STATUS  TARGET  PARTITION  STARTED  DURATION
      "
    `)
  })

  test('colors only where they are wanted', async () => {
    const folder = noisy()
    const escapeCode = String.fromCharCode(27)
    const printed = async (variables: { [name: string]: string }) => (await run(folder, ['asset', 'list'], variables)).stdout
    expect(await printed({})).not.toContain(escapeCode)
    expect(await printed({ FORCE_COLOR: '1' })).toContain(escapeCode)
    expect(await printed({ NO_COLOR: '1' })).not.toContain(escapeCode)
  })

  test('a reader that goes away does not stop the work', async () => {
    const folder = noisy()
    const child = spawn(process.execPath, [...commandLine, 'asset', 'materialize', '-s', '+mart/sum'], {
      cwd: folder,
      env: { ...process.env, CLI_TEST_KEY: 'cli-secret-value' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.destroy()
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(existsSync(join(folder, '.dagma/values/mart/sum.json'))).toBe(true)
  })

  test('Ctrl-C cancels the run, and says so', async () => {
    const folder = project(`import { asset, definitions } from '${dagma}'
export default definitions({ assets: [asset({ key: 'a', run: ({ signal }) => new Promise((_, reject) => { const timer = setInterval(() => {}, 1e6); signal.addEventListener('abort', () => { clearInterval(timer); reject(signal.reason) }); console.log('waiting') }) })] })`)
    const child = spawn(process.execPath, [...commandLine, 'asset', 'materialize', '-s', 'a'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = Promise.all([text(child.stderr), once(child, 'exit')])
    let stdout = ''
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      stdout += chunk
      if (chunk.includes('waiting')) child.kill('SIGINT')
    }
    const [stderr, [code]] = await ended
    expect(code).toBe(1)
    expect(stderr).toBe('Stopping the run; interrupt again to exit immediately.\n')
    expect(stdout).toContain('[DAGMA_CANCELED]')
    expect(stdout).toMatch(/CANCELED in .*\n$/)
  })

  test('help', async () => {
    const folder = temporaryFolder()
    const asked = [['--help'], ['asset', '--help'], ['asset', 'materialize', '--help'], ['run', '--help'], ['dev', '--help']]
    const texts = await Promise.all(
      asked.map(async (args) => {
        const { code, stdout } = await run(folder, args)
        expect(code).toBe(0)
        return stdout
      }),
    )
    expect(texts.join('\n')).toMatchInlineSnapshot(`
      "Usage: dagma [options] [command]

      Software-defined assets in TypeScript: run them here, or in the real Dagster.

      Options:
        -V, --version               output the version number
        -h, --help                  display help for command

      Commands:
        asset                       List, inspect and materialize assets.
        job                         List and launch jobs.
        eval [options] [selection]  Run the evaluations of assets, in this process,
                                    and compare them with the accepted ones.
        partition                   Show the status of partitions; list, add and
                                    delete dynamic ones.
        run                         Inspect, retry, end and prune runs of the embedded
                                    engine.
        schedule                    List and preview schedules.
        sensor                      List and preview sensors.
        definitions                 Check definitions.
        generate                    Write the module list from the patterns in
                                    package.json.
        report [options] [runs...]  Report runs of the embedded engine to Dagster:
                                    materializations, checks and observations. Events
                                    that Dagster already has are skipped.
        doctor [options]            Check the systems that the project uses, their
                                    keys, variables and links, with a fix for what is
                                    wrong.
        dev [options]               Open the project in the real Dagster UI. Installs
                                    Dagster on first use.
        worker-pool [options]       Execute steps of Dagster runs in warm processes:
                                    for the executor "worker-pool". SIGTERM drains it.
        workers [options]           List the workers of \`dagma worker-pool\` on all
                                    machines.
        build [options]             Write the manifest that the Dagster host reads.
        pipes [options]             Materialize assets for a Dagster Pipes client.
        help [command]              display help for command

      Exit codes: 0 success, 1 a run or its report failed, 2 invalid usage or definitions.
      Shell completion: \`dagma complete bash\` (or zsh, fish, powershell) prints the script.

      Usage: dagma asset [options] [command]

      List, inspect and materialize assets.

      Options:
        -h, --help              display help for command

      Commands:
        list [options]          List assets.
        show [options] <asset>  Show an asset and its latest materialization.
        materialize [options]   Materialize assets and evaluate their checks, in this
                                process.
        check [options]         Evaluate checks of assets, in this process.
        observe [options]       Observe observable assets, in this process.
        help [command]          display help for command

      Usage: dagma asset materialize [options]

      Materialize assets and evaluate their checks, in this process.

      Options:
        --report                       report the run to Dagster when it has ended; if
                                       that fails, the exit code is 1
        --to <url>                     report to this Dagster web server over REST
                                       (default: DAGSTER_URL; if unset, DAGSTER_HOME
                                       through Python)
        --concurrency <count>          maximum concurrent steps (default: 16)
        --durability <level>           what recorded events survive: a crash of the
                                       process, or also a power failure (choices:
                                       "process", "power", default: "process")
        -c, --config <json>            config by asset or step, for example
                                       {"my_asset": {"limit": 3}}
        --partition <key>              the partition to materialize
        --partition-range <from...to>  the partitions to materialize, both ends
                                       included, as many in a run as backfillPolicy
                                       allows; can be repeated, and take a list
                                       a...b,c,d...e (default: none)
        --tag <key=value>              run tag; can be repeated (default: none)
        -s, --select <selection>       which assets, in Dagster’s selection syntax
        -m, --module <file>            definitions module (default: the one that
                                       package.json names)
        --json                         print JSON
        --missing                      of the range, or of all partitions: those that
                                       are missing
        --failed                       of the range, or of all partitions: those whose
                                       last run failed
        -h, --help                     display help for command

      Usage: dagma run [options] [command]

      Inspect, retry, end and prune runs of the embedded engine.

      Options:
        -h, --help             display help for command

      Commands:
        list [options]         List runs, newest first.
        show [options] <run>   Show the events of a run.
        logs [options] <run>   Print the log lines of a run’s steps.
        retry [options] <run>  Retry a failed or canceled run from its failed steps.
        end [options] <run>    Record a run as failed whose process is gone but cannot
                               be checked from this machine.
        prune [options]        Remove old runs from the event log. Keeps the latest
                               materialization of each asset and partition, and all
                               stored values; removes what unsuccessful runs kept of
                               their items.
        help [command]         display help for command

      Usage: dagma dev [options]

      Open the project in the real Dagster UI. Installs Dagster on first use.

      Options:
        -p, --port <port>  port on 127.0.0.1 (default: 3000)
        --check            set up and validate only, and print the shell exports for
                           the dagster CLI
        --queue            start runs through the Dagster run queue: its limits apply,
                           and runs start seconds later
        --verbose          print everything that Dagster's services print, not only
                           warnings and errors
        -h, --help         display help for command
      "
    `)
    const nothing = await run(folder, [])
    expect(nothing.code).toBe(2)
    expect(nothing.stdout + nothing.stderr).toContain('Usage: dagma')
  })
})
