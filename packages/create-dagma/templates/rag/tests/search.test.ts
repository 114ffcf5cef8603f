import assert from 'node:assert/strict'
import { test } from 'node:test'
import { embeddings } from '@dagma/openai'
import { qdrant } from '@dagma/qdrant'
import { materializeToMemory } from 'dagma/testing'
import project from '../src/definitions.ts'
import { answer, evaluation } from '../src/defs/search/assets.ts'

/** Local backends, whatever the environment says. */
const resources = { embeddings: embeddings({}), qdrant: qdrant({ collection: 'documents' }) }

test('a question finds the passage that answers it', async () => {
  const question = 'Under which pressure is an espresso brewed?'
  const run = await materializeToMemory(project, { job: 'rag_job', config: { answer: { question, limit: 1 } }, resources })
  assert.equal(run.status, 'SUCCESS')
  assert.match((await run.load(answer))[0]?.text ?? '', /nine bars/)
  assert.equal((await run.load(evaluation)).length, 4)
})
