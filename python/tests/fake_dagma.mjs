// Stands in for the npm package's command line in tests: speaks protocol/worker.schema.json, its steps do what their
// names say. `build` writes manifest.json of the working folder, or fails as the file `build-fails` asks; a file
// `changed-<name>` gives a worker another digest of that name than the manifest has.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { inflateSync } from 'node:zlib'

const manifest = readFileSync('manifest.json', 'utf8').trimEnd()

if (process.argv[2] === 'build') {
  if (existsSync('build-fails')) {
    const [code, ...words] = readFileSync('build-fails', 'utf8').split(' ')
    console.error(words.join(' '))
    process.exit(Number(code))
  }
  console.error('a warning of the build')
  appendFileSync('builds', `${process.ppid} `)
  writeFileSync(process.argv[process.argv.indexOf('--output') + 1], `${manifest}\n`)
  process.exit(0)
}

writeFileSync('worker.pid', String(process.pid))
if (existsSync('load-fails')) {
  console.error('SyntaxError: src/definitions.ts is wrong')
  process.exit(3)
}
if (existsSync('closes-badly')) process.on('SIGTERM', () => {})

const channel = new Socket({ fd: Number(process.env.DAGMA_WORKER_FD), readable: true, writable: true })
const send = (message) => channel.write(`${JSON.stringify(message)}\n`)
const decode = (param) => JSON.parse(inflateSync(Buffer.from(param, 'base64')))
const running = new Map()
const value = (type, raw_value) => ({ type, raw_value })

const behaviours = {
  async good({ report, log, extras }) {
    log('INFO', 'begins')
    log('WARNING', `config ${JSON.stringify(extras.config)}`)
    console.log('printed by good')
    console.error('printed to stderr by good')
    process.stdout.write('no newline')
    report({
      count: value('int', 3),
      share: value('float', 0.5),
      page: value('url', 'https://example.com/good?a=1'),
      rows: value('json', [1, 2]),
      text: value('text', 'https://example.com/text'),
      doc: value('md', '# Title'),
      yes: value('bool', true),
      nothing: value('null', null),
      at: value('timestamp', 1700000000.5),
    })
  },
  async silent() {},
  async fails() {
    const cause = { name: 'TypeError', message: 'connection refused', stack: ['    at inner (src/db.ts:3:1)\n'] }
    throw { name: 'Error', message: 'no such table', stack: ['    at run (src/definitions.ts:12:9)\n'], cause }
  },
  async flaky({ report, context }) {
    if (context.retry_number === 0) throw { name: 'Error', message: 'once', stack: [] }
    report({ retry_number: value('int', context.retry_number) })
  },
  async dies() {
    process.kill(process.pid, 'SIGKILL')
    await sleep(10_000)
  },
  async changes() {
    writeFileSync('changed-modules', '')
    process.kill(process.pid, 'SIGKILL')
    await sleep(10_000)
  },
  async exits() {
    console.error('FATAL ERROR: out of something')
    process.exit(7)
  },
  async sleeps({ signal }) {
    writeFileSync('sleeping', 'yes')
    await sleep(60_000, undefined, { signal }).catch(() => writeFileSync('cancelled', 'yes'))
    throw { name: 'AbortError', message: 'aborted', stack: [] }
  },
  async stubborn() {
    spawn('sleep', ['600'], { stdio: 'inherit' })
    writeFileSync('sleeping', 'yes')
    await sleep(60_000)
  },
  async waits({ report, log }) {
    writeFileSync('sleeping', 'yes')
    while (!existsSync('go')) await sleep(20)
    log('INFO', 'continues')
    console.log('printed by waits')
    report({})
  },
  async second({ report }) {
    await sleep(1000)
    report({})
  },
  async endless() {
    writeFileSync('sleeping', 'yes')
    await sleep(100)
    for (;;);
  },
  async bad_metadata({ report }) {
    report({ odd: value('hologram', 1) })
  },
  async stops() {
    process.kill(process.pid, 'SIGSTOP')
    await sleep(60_000)
  },
  async pauses({ report }) {
    spawn('sh', ['-c', `sleep 0.5; kill -CONT ${process.pid}`])
    process.kill(process.pid, 'SIGSTOP')
    report({})
  },
  async computes({ report }) {
    for (const end = Date.now() + 4000; Date.now() < end; );
    report({})
  },
  async deep({ report }) {
    let nested = 1
    for (let level = 0; level < 1500; level++) nested = [nested]
    report({ nested: value('json', nested) })
    await sleep(60_000) // nothing but the error of its message ends it
  },
  async nonsense() {
    channel.write('{"type":"gossip"}\n')
    await sleep(60_000)
  },
}

async function runStep(step, params) {
  const context = decode(params.DAGSTER_PIPES_CONTEXT).data
  const extras = context.extras.dagma
  const pipes = (method, params) =>
    send({ type: 'pipes', step, message: { __dagster_pipes_version: '0.1', method, params } })
  const abort = new AbortController()
  running.set(step, abort)
  pipes('opened', { extras: {} })
  try {
    await behaviours[extras.step_name.replace(/_\d+$/, '')]({
      context,
      extras,
      signal: abort.signal,
      log: (level, message) => pipes('log', { message, level }),
      report: (metadata) => {
        for (const asset_key of context.asset_keys) {
          pipes('report_asset_materialization', { asset_key, metadata, data_version: null })
        }
      },
    })
    pipes('closed', {})
  } catch (error) {
    const wire = (e) => e && { name: e.name, message: e.message, stack: e.stack, cause: wire(e.cause) ?? null, context: null }
    pipes('closed', { exception: wire(error) })
  }
}

function callHook({ step, ...hook }) {
  const pipes = (method, params) =>
    send({ type: 'pipes', step, message: { __dagster_pipes_version: '0.1', method, params } })
  pipes('opened', { extras: {} })
  pipes('log', { message: `hook ${JSON.stringify(hook)}`, level: 'WARNING' })
  pipes('closed', {})
}

createInterface({ input: channel }).on('line', (line) => {
  const message = JSON.parse(line)
  if (message.type === 'run_step') runStep(message.step, message.params)
  else if (message.type === 'call_hook') callHook(message)
  else if (message.type === 'end_run') send({ type: 'run_ended', retire: existsSync('retires') ? 'it has had enough' : null })
  else running.get(message.step)?.abort()
})
channel.on('end', () => {
  for (const abort of running.values()) abort.abort()
  if (!existsSync('closes-badly')) setImmediate(() => process.exit(0))
  else setInterval(() => {}, 1000)
})

const { digests } = JSON.parse(manifest)
for (const name of Object.keys(digests)) if (existsSync(`changed-${name}`)) digests[name] = `sha256:${'1'.repeat(64)}`
const imported_json = existsSync('imports.json') ? [`${process.cwd()}/imports.json`] : []
send({ type: 'ready', protocol_version: existsSync('future') ? 9 : 1, digests, imported_json })
