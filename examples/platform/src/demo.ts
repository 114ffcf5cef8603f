/** The example project on the embedded engine: every asset with its metadata, the passages found, and what turns the real systems on. */
import './environment.ts'
import { styleText } from 'node:util'
import { materialize } from 'dagma'
import definitions from './definitions.ts'
import { answerQuestion, qdrantSearch } from './defs/llm/assets.ts'
import { realSystems } from './resources.ts'

const question = process.argv.slice(2).join(' ')
const projectFolder = new URL('..', import.meta.url).pathname

console.log(styleText('bold', 'The example project on the embedded engine: one Node process, no server, no Python\n'))
const run = await materialize(definitions, {
  projectFolder,
  ...(question === '' ? {} : { config: { qdrant_search: { question }, answer_question: { question } } }),
})
for (const group of new Set([...definitions.assets.values()].map((asset) => asset.group))) {
  console.log(styleText('bold', group))
  for (const [key, asset] of definitions.assets) if (asset.group === group) printAsset(key)
}
if (run.status !== 'SUCCESS') {
  console.error(`The run ended as ${run.status}. See \`npx dagma run show ${run.runId.slice(0, 8)}\` in examples/platform.`)
  process.exit(1)
}
console.log(styleText('bold', 'Passages found in the documentation'))
for (const hit of await run.load(qdrantSearch)) {
  console.log(
    `  ${hit.score.toFixed(3)}  ${hit.passage}  ${styleText('dim', hit.heading)}\n         ${hit.text.replace(/\s+/g, ' ').slice(0, 160)}`,
  )
}
const { answer, sources } = await run.load(answerQuestion)
console.log(styleText('bold', '\nAn answer made of them'))
console.log(`  ${answer.replace(/\s+/g, ' ')}\n  ${styleText('dim', sources.join(', '))}`)
console.log(styleText('bold', '\nThe search and the answers, scored over the golden set'))
for (const event of run.events)
  if (event.type === 'ASSET_CHECK_EVALUATION')
    console.log(`  ${event.passed ? styleText('green', '✓') : styleText('red', '✗')} ${event.check}  ${event.description}`)
const local = realSystems.filter(({ asset }) => run.materializations.get(asset)?.metadata.backend?.raw_value === 'local')
if (local.length > 0) console.log(styleText('bold', '\nLocal backends:'))
for (const { system, variables } of local) console.log(`  ${system.padEnd(14)}  the real one is turned on by ${variables}`)

function printAsset(key: string): void {
  const made = run.materializations.get(key)
  console.log(`  ${made === undefined ? styleText('red', '✗') : styleText('green', '✓')} ${key}`)
  for (const [name, { raw_value }] of Object.entries(made?.metadata ?? {})) {
    if (name === 'event_type' || name === 'status') continue // the line above says it
    console.log(`      ${styleText('dim', name.padEnd(24))} ${typeof raw_value === 'string' ? raw_value : JSON.stringify(raw_value)}`)
  }
}
