/** A project that tries to give its secret away, in every way that one can think of. */
export const leakyDefinitions = `
import { writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { openTelemetry } from '@dagma/opentelemetry'
import {
  asset, assetCheck, definitions, externalAsset, Failure, job, MetadataValue, materializeResult, observableAsset, resource, retryPolicy, runRequest, schedule, secret, sensor, skipReason,
} from 'dagma'

const key = secret('CANARY_KEY')
const text = () => key.reveal()
const base64 = (before) => Buffer.from('x'.repeat(before) + text() + 'after').toString('base64')

const logs = asset({
  key: 'logs',
  run: ({ log }) => {
    for (const level of ['debug', 'info', 'warning', 'error', 'critical']) log[level](\`\${level} with \${text()}\`)
    log.info(JSON.stringify({ nested: JSON.stringify({ key: text() }) }))
    log.info(\`https://user:\${encodeURIComponent(text())}@example.com/?token=\${encodeURIComponent(text())}\`)
    return 1
  },
})
const prints = asset({
  key: 'prints',
  run: () => {
    console.log('printed', text(), { key: text() }, key)
    console.error(base64(0), base64(1), base64(2))
    process.stdout.write(text().slice(0, 9))
    process.stdout.write(text().slice(9))
    process.stderr.write(Buffer.from(\`\${text()} as bytes\\n\`))
    console.dir({ nested: { key: text() } }); console.table([{ key: text() }]); console.error(new Error(text()))
    process.emitWarning(text())
    return 1
  },
})
const pastTheStreams = asset({
  key: 'past_the_streams',
  run: async () => {
    writeSync(1, \`written \${text()}\\n\`)
    writeSync(2, Buffer.from(\`written \${text()}\\n\`))
    const thread = new Worker('console.log("a thread: " + process.env.CANARY_KEY); console.error(process.env.CANARY_KEY)', { eval: true })
    await new Promise((resolve) => thread.once('exit', resolve))
    return 1
  },
})
const throws = asset({
  key: 'throws',
  run: () => {
    const error = new Error(\`refused: \${text()}\`, { cause: new TypeError(encodeURIComponent(text()), { cause: text() }) })
    error.name = \`Error of \${text()}\`
    error.stack = \`\${error.stack}\\n    at \${text()} (file:///\${text()}.ts:1:1)\`
    throw error
  },
})
const throwsOthers = [() => text(), () => ({ key: text() }), () => new Failure(text(), { metadata: { key: text() } }), () => new AggregateError([new Error(text())], text())].map((what, index) =>
  asset({ key: \`throws_\${index}\`, retryPolicy: retryPolicy({ maxRetries: 1 }), run: () => { throw what() } }))
const vault = resource({
  open: (_, { log }) => {
    log.warning(\`opened with \${text()}\`)
    console.log('opened with', { key: text() })
    return { says: text }
  },
  close: () => { throw new Error(\`cannot close \${text()}\`) },
  probe: () => [{ check: \`check of \${text()}\`, status: 'error', message: text(), fix: \`Use \${encodeURIComponent(text())}.\` }],
})
const locked = resource({ open: () => { throw new Error(\`cannot open \${text()}\`, { cause: text() }) }, probe: () => { throw new Error(text()) } })
const usesVault = asset({ key: 'uses_vault', resources: { vault }, run: ({ resources, log }) => { log.info(resources.vault.says()); return 1 } })
const usesLocked = asset({ key: 'uses_locked', resources: { locked }, run: () => 1 })
const checked = asset({
  key: 'checked', checks: { own: { description: \`own \${text()}\` } },
  run: () => materializeResult(1, { dataVersion: \`v \${text()}\`, checks: { own: { passed: false, description: text(), metadata: { key: text() } } } }),
})
const check = assetCheck({ asset: checked, name: 'apart', description: text(), run: ({ log }) => { log.error(text()); return { passed: false, description: text(), metadata: { url: MetadataValue.url('https://x:' + encodeURIComponent(text()) + '@example.com/') } } } })
const throwingCheck = assetCheck({ asset: checked, name: 'throwing', run: () => { throw new Error(text()) } })
const seen = observableAsset({ key: 'seen', description: text(), run: () => ({ dataVersion: text(), metadata: { key: text() } }) })
const outside = externalAsset({ key: 'outside', description: text(), metadata: { key: text() } })
const metadata = asset({
  key: 'metadata',
  description: \`described with \${text()}\`,
  metadata: { known_early: text(), early_link: MetadataValue.url(\`https://example.com/?q=\${encodeURIComponent(text())}\`) },
  run: () =>
    materializeResult({ kept: 1 }, { metadata: {
      plain: text(), [\`key \${text()}\`]: 1, json: { deep: [{ [text()]: text() }] }, md: MetadataValue.md(\`**\${text()}**\`),
      url: MetadataValue.url(\`https://example.com/\${encodeURIComponent(text())}\`), path: MetadataValue.path(\`/\${text()}\`),
      hex: Buffer.from(text()).toString('hex'), HEX: Buffer.from(text()).toString('hex').toUpperCase(), base64: [0, 1, 2].map(base64),
      object: JSON.parse(JSON.stringify({ key, text: String(key) })), long: 'x'.repeat(15_990) + text(),
      form: new URLSearchParams({ key: text() }).toString(),
    } }),
})
const leak = job({ name: 'leak', selection: '*', description: text() })
const daily = schedule({ name: 'daily', job: leak, cronSchedule: '0 2 * * *', description: text(), evaluate: ({ log }) => { log.info(text()); return skipReason(text()) } })
const watcher = sensor({ name: 'watcher', job: leak, description: text(), run: ({ log }) => { log.warning(text()); throw new Error(text()) } })
const asker = sensor({
  name: 'asker', job: leak,
  run: () => ({ cursor: text(), runRequests: [runRequest({ runKey: text(), tags: { key: text() }, config: { metadata: { key: text() } } })] }),
})
const skipper = sensor({ name: 'skipper', job: leak, run: () => skipReason(\`nothing new for \${text()}\`) })
export default definitions({
  assets: [logs, prints, pastTheStreams, throws, ...throwsOthers, usesVault, usesLocked, checked, seen, outside, metadata],
  checks: [check, throwingCheck],
  jobs: [leak],
  schedules: [daily],
  sensors: [watcher, asker, skipper],
  resources: { vault: vault({}), locked: locked({}) },
  instrument: openTelemetry(),
})
`

/** An asset that starts a process which prints the secret to the stdout that it inherits. */
export const leakyChildDefinitions = `
import { execFileSync } from 'node:child_process'
import { asset, definitions, secret } from 'dagma'

secret('CANARY_KEY')
const child = asset({
  key: 'child',
  run: () => {
    execFileSync('printenv', ['CANARY_KEY'], { stdio: 'inherit' })
    return 1
  },
})
export default definitions({ assets: [child] })
`

/** Definitions that cannot be loaded, and say why with a secret. */
export const brokenDefinitions = `
import { secret } from 'dagma'
throw new Error(\`cannot start with \${secret('CANARY_KEY').reveal()}\`)
`
