/** Prints the passages that answer the question on the command line; a run of the asset `answer` finds them. */
import { loadDotenv, materialize } from 'dagma'
import project from './definitions.ts'
import { answer } from './defs/search/assets.ts'

loadDotenv(process.cwd())
const [question = 'How hot is the water for green tea?'] = process.argv.slice(2)
const run = await materialize(project, { selection: [answer], config: { answer: { question } } })
if (run.status === 'SUCCESS') for (const { document, text } of await run.load(answer)) console.log(`${document}: ${text}\n`)
else process.exitCode = 1
