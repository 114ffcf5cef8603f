/**
 * Takes from the environment of all tests, and of the processes that they start, what the caller's shell sets for real systems and for colors: a test
 * sets the variables that it is about by itself. What a file of tests leaves behind is taken back at its end: files share a process.
 */
import { afterAll, vi } from 'vitest'

const ofCaller = /^(?:(?:QDRANT|MLFLOW|LANGFLOW|EMBEDDINGS|OPENAI|OTEL|DAGSTER|DAGMA(?!_TEST))_|(?:FORCE|NO)_COLOR$)/

for (const name of Object.keys(process.env)) if (ofCaller.test(name)) delete process.env[name]

const before = { ...process.env }
afterAll(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
})
