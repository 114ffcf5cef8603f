/** A project that tries to give its secret away, in every way that one can think of. */
export const leakyDefinitions = `
import { asset, definitions, job, MetadataValue, materializeResult, secret } from 'dagma'

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
const metadata = asset({
  key: 'metadata',
  description: \`described with \${text()}\`,
  metadata: { known_early: text(), early_link: MetadataValue.url(\`https://example.com/?q=\${encodeURIComponent(text())}\`) },
  run: () =>
    materializeResult({ kept: 1 }, {
      plain: text(), [\`key \${text()}\`]: 1, json: { deep: [{ [text()]: text() }] }, md: MetadataValue.md(\`**\${text()}**\`),
      url: MetadataValue.url(\`https://example.com/\${encodeURIComponent(text())}\`), path: MetadataValue.path(\`/\${text()}\`),
      hex: Buffer.from(text()).toString('hex'), HEX: Buffer.from(text()).toString('hex').toUpperCase(), base64: [0, 1, 2].map(base64),
      object: JSON.parse(JSON.stringify({ key, text: String(key) })), long: 'x'.repeat(15_990) + text(),
      form: new URLSearchParams({ key: text() }).toString(),
    }),
})
export default definitions({ assets: [logs, prints, throws, metadata], jobs: [job({ name: 'leak', selection: '*', description: text() })] })
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
