/** A project that sends a canary, in every encoding, out by every way that there is from its code. The ways are generated: what prints times how. */
import { type ChildProcess, execFileSync, execSync, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { Writable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import {
  type AnyAsset,
  asset,
  assetCheck,
  definitions,
  externalAsset,
  Failure,
  type IOManager,
  job,
  type Metadata,
  MetadataValue,
  materializeResult,
  multiAsset,
  observableAsset,
  type Resource,
  resource,
  type StepLog,
  schedule,
  secret,
  sensor,
  skipReason,
} from 'dagma'
import { encodings } from './encodings.ts'

const key = secret('CANARY_KEY')

/** A way out. */
class Channel {
  readonly id: string

  constructor(id: string) {
    this.id = id
  }

  /** The canary in each encoding, each behind a mark by which it is found again. */
  texts(): string[] {
    return Object.values(encodings).map((encode, index) => `<<${this.id}.${index}>> ${encode(key.reveal())}`)
  }

  all(): string {
    return `${this.texts().join('\n')}\n`
  }
}

/** Every way out, by what it is called. */
export const channels = new Map<string, Channel>()

function channel(name: string): Channel {
  const made = new Channel(`c${channels.size}`)
  channels.set(name, made)
  return made
}

const levels = ['debug', 'info', 'warning', 'error', 'critical'] as const satisfies readonly (keyof StepLog)[]

/** Logs to each level, as one kind of code does. */
function logsIn(where: string): (log: StepLog) => void {
  const all = levels.map((level) => [level, channel(`${where} logs ${level}`)] as const)
  return (log) => {
    for (const [level, out] of all) for (const text of out.texts()) log[level](text)
  }
}

const assets: AnyAsset[] = []
/** Steps that print, in several ways each, since a step costs Dagster more than a way. */
const prints: (() => unknown)[] = []
function step(print: () => unknown): void {
  prints.push(print)
}

// Each source of output, in each way.

const consoleMethods = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'group', 'groupCollapsed'] as const
for (const method of consoleMethods)
  for (const [how, write] of Object.entries<(text: string) => void>({
    'a text': (text) => console[method](text),
    'a format': (text) => console[method]('with %s', text),
    'an object': (text) => console[method]({ deep: [text] }),
    'an error': (text) => console[method](new Error(text)),
  })) {
    const out = channel(`console.${method} of ${how}`)
    step(() => {
      for (const text of out.texts()) write(text)
      console.groupEnd()
    })
  }
for (const [name, write] of Object.entries<(text: string) => void>({
  'console.dir': (text) => console.dir([text]),
  'console.table': (text) => console.table([{ text }]),
  'console.assert': (text) => console.assert(false, text),
  'console.count': (text) => console.count(text),
  'a warning of the process': (text) => process.emitWarning(text),
})) {
  const out = channel(name)
  step(() => {
    for (const text of out.texts()) write(text)
  })
}

const streams = { stdout: process.stdout, stderr: process.stderr } as const
for (const [descriptor, [name, stream]] of Object.entries(streams).map((entry, index) => [index + 1, entry] as const))
  for (const [how, write] of Object.entries<(text: string) => unknown>({
    'a text': (text) => stream.write(text),
    bytes: (text) => stream.write(Buffer.from(text)),
    'hexadecimal text': (text) => stream.write(Buffer.from(text).toString('hex'), 'hex'),
    'pieces of one line': (text) =>
      (`${text.replaceAll('\n', ' ')}\n`.match(/.{1,7}/gs) ?? []).every((piece) => stream.write(piece) || true),
    'the method of its prototype': (text) => Writable.prototype.write.call(stream, text, 'utf8'),
    'fs.writeSync': (text) => fs.writeSync(descriptor, text),
    'fs.writeSync of bytes': (text) => fs.writeSync(descriptor, Buffer.from(text)),
    'fs.writevSync': (text) => fs.writevSync(descriptor, [Buffer.from(text)]),
    'fs.writeFileSync': (text) => fs.writeFileSync(descriptor, text),
    'fs.write': (text) => new Promise((done) => fs.write(descriptor, text, done)),
    'fs.writev': (text) => new Promise((done) => fs.writev(descriptor, [Buffer.from(text)], done)),
  })) {
    const out = channel(`${name} by ${how}`)
    step(async () => void (await write(out.all())))
  }

const ended = (child: ChildProcess): Promise<unknown> => new Promise((done) => child.once('close', done))
for (const fd of [1, 2] as const)
  for (const [how, stdio] of Object.entries<unknown>({
    inherited: 'inherit',
    'in a list': ['ignore', 1, 2],
    'turned round': ['ignore', 2, 1],
    'the streams': ['ignore', process.stdout, process.stderr],
    'all to stderr': ['ignore', process.stderr, process.stderr],
  }))
    for (const [what, start] of Object.entries<(command: string, options: object) => unknown>({
      spawn: (command, options) => ended(spawn('sh', ['-c', command], options)),
      spawnSync: (command, options) => spawnSync('sh', ['-c', command], options),
      execSync: (command, options) => execSync(command, options),
      execFileSync: (command, options) => execFileSync('sh', ['-c', command], options),
    })) {
      const out = channel(`${what} with descriptor ${fd}, ${how}`)
      step(
        async () =>
          void (await start(`printf %s "$LINES_TO_PRINT" >&${fd}`, { stdio, env: { ...process.env, LINES_TO_PRINT: out.all() } })),
      )
    }

for (const method of ['log', 'error', 'dir'] as const) {
  const out = channel(`a worker thread by console.${method}`)
  step(async () => {
    const code = `for (const text of require('node:worker_threads').workerData) console.${method}(text)`
    const thread = new Worker(code, { eval: true, workerData: out.texts() })
    await new Promise((done) => thread.once('exit', done))
  })
}

for (let first = 0; first < prints.length; first += 12)
  assets.push(
    asset({
      key: `prints_${first}`,
      run: async () => {
        for (const print of prints.slice(first, first + 12)) await print()
        return 1
      },
    }),
  )

// Logs and reports, by each kind of step.

const metadataKinds: Readonly<Record<string, (text: string) => unknown>> = {
  'plain text': (text) => text,
  text: (text) => MetadataValue.text(text),
  Markdown: (text) => MetadataValue.md(`**${text}**`),
  'a path': (text) => MetadataValue.path(`/${text}`),
  'a notebook': (text) => MetadataValue.notebook(`/${text}`),
  'a URL': (text) => MetadataValue.url(`https://example.com/?q=${encodeURIComponent(text)}`),
  JSON: (text) => MetadataValue.json({ deep: [{ text }], [text]: 1 }),
  'a table': (text) => MetadataValue.table({ records: [{ text }] }),
  'the description of a column': (text) => MetadataValue.tableSchema({ columns: [{ name: 'a', type: 'text', description: text }] }),
  bytes: (text) => [...Buffer.from(text)],
}
function metadataIn(where: string): () => Metadata {
  const all = Object.entries(metadataKinds).map(([kind, make]) => [make, channel(`${where}: ${kind}`)] as const)
  const named = channel(`${where}: a name`)
  return () =>
    Object.fromEntries([
      ...all.flatMap(([make, out]) => out.texts().map((text, index) => [`${out.id}_${index}`, make(text)])),
      ...named.texts().map((text) => [text, 1]),
    ]) as Metadata
}

const checkText = channel('the description of a result of a check')
const version = channel('a data version')
const logsOf = {
  asset: logsIn('an asset'),
  several: logsIn('a step with several assets'),
  seen: logsIn('an observable asset'),
  check: logsIn('a check'),
}
const metadataOf = {
  asset: metadataIn('metadata of a materialization'),
  seen: metadataIn('metadata of an observation'),
  check: metadataIn('metadata of a check'),
  failure: metadataIn('metadata of a failure'),
  definition: metadataIn('metadata of a definition'),
}
const reporting = asset({
  key: 'reporting',
  metadata: {},
  run: ({ log }) => {
    logsOf.asset(log)
    return materializeResult(1, { metadata: metadataOf.asset(), dataVersion: version.all() })
  },
})
const several = multiAsset({
  name: 'several',
  assets: { several_a: {}, several_b: {} },
  run: ({ log }) => {
    logsOf.several(log)
    return { several_a: 1, several_b: 2 }
  },
})
const seen = observableAsset({
  key: 'seen',
  run: ({ log }) => {
    logsOf.seen(log)
    return { dataVersion: 'v', metadata: metadataOf.seen() }
  },
})
const described = channel('the description of an asset')
const outside = externalAsset({ key: 'outside', description: described.all(), metadata: metadataOf.definition() })
const check = assetCheck({
  asset: reporting,
  name: 'apart',
  description: channel('the description of a check').all(),
  run: ({ log }) => {
    logsOf.check(log)
    return { passed: true, description: checkText.all(), metadata: metadataOf.check() }
  },
})

// Each kind of error, at each place.

const throwing: Readonly<Record<string, (text: string) => unknown>> = {
  'an error': (text) => new Error(text),
  'a text': (text) => text,
  'a cause': (text) => new Error('refused', { cause: new TypeError(text) }),
  'several errors': (text) => new AggregateError([new Error(text)], text),
  'a name': (text) => Object.assign(new Error('refused'), { name: text }),
  'a frame': (text) => Object.assign(new Error('refused'), { stack: `Error\n    at ${text.replaceAll('\n', ' ')} (file:///a.ts:1:1)` }),
  'a failure': (text) => new Failure(text, { metadata: metadataOf.failure() }),
}
const resources: { [key: string]: Resource<unknown> } = {}
const ioManagers: { [key: string]: IOManager } = {}
const stored = new Map<string, unknown>()
for (const [what, make] of Object.entries(throwing)) {
  const places: Readonly<Record<string, (name: string, fail: () => never) => AnyAsset[]>> = {
    'a step': (name, fail) => [asset({ key: name, run: fail })],
    'an observation': (name, fail) => [observableAsset({ key: name, run: fail })],
    'a resource that opens': (name, fail) => {
      const kind = resource({ open: fail })
      resources[name] = kind({})
      return [asset({ key: name, resources: { [name]: kind }, run: () => 1 })]
    },
    'a resource that closes': (name, fail) => {
      const kind = resource({ open: () => 1, close: fail })
      resources[name] = kind({})
      return [asset({ key: name, resources: { [name]: kind }, run: () => 1 })]
    },
    'an IO manager that stores': (name, fail) => {
      ioManagers[name] = { handleOutput: fail, loadInput: fail }
      return [asset({ key: name, ioManager: name, run: () => 1 })]
    },
    'an IO manager that loads': (name, fail) => {
      ioManagers[name] = {
        handleOutput: async (_context, value) => {
          stored.set(name, value)
          return {}
        },
        loadInput: fail,
      }
      const upstream = asset({ key: `${name}_up`, ioManager: name, run: () => 1 })
      return [upstream, asset({ key: name, inputs: { upstream }, run: () => 1 })]
    },
  }
  for (const [where, add] of Object.entries(places)) {
    const out = channel(`${what}, thrown by ${where}`)
    assets.push(
      ...add(`thrown_${out.id}`, () => {
        throw make(out.all())
      }),
    )
  }
}
const openLogs = logsIn('a resource that opens')
const logger = resource({ open: (_settings: object, { log }) => openLogs(log) })
resources.logger = logger({})
assets.push(asset({ key: 'opens_logger', resources: { logger }, run: () => 1 }))

// Around steps: hooks, jobs and ticks.

const hooks = { success: logsIn('a hook'), failure: logsIn('a hook on failure') }
const ways = job({
  name: 'ways',
  selection: '*',
  description: channel('the description of a job').all(),
  onSuccess: ({ stepName, log }) => (stepName === 'reporting' ? hooks.success(log) : undefined),
  onFailure: ({ stepName, log }) => (stepName.startsWith('thrown') ? hooks.failure(log) : undefined),
})
const tickLogs = { schedule: logsIn('a schedule'), sensor: logsIn('a sensor') }
const reasons = { schedule: channel('why a schedule skips'), sensor: channel('why a sensor skips') }
const thrown = { schedule: channel('what a schedule throws'), sensor: channel('what a sensor throws') }
const at = { job: ways, cronSchedule: '0 2 * * *' } as const
export default definitions({
  assets: [...assets, reporting, several, seen, outside],
  checks: [check],
  jobs: [ways],
  schedules: [
    schedule({
      name: 'skipping_schedule',
      ...at,
      description: channel('the description of a schedule').all(),
      evaluate: ({ log }) => {
        tickLogs.schedule(log)
        return skipReason(reasons.schedule.all())
      },
    }),
    schedule({
      name: 'throwing_schedule',
      ...at,
      evaluate: () => {
        throw new Error(thrown.schedule.all())
      },
    }),
  ],
  sensors: [
    sensor({
      name: 'skipping_sensor',
      job: ways,
      description: channel('the description of a sensor').all(),
      run: ({ log }) => {
        tickLogs.sensor(log)
        return skipReason(reasons.sensor.all())
      },
    }),
    sensor({
      name: 'throwing_sensor',
      job: ways,
      run: () => {
        throw new Error(thrown.sensor.all())
      },
    }),
  ],
  resources,
  ioManagers,
} as never)
