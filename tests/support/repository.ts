import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Root of the checkout. */
export const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Where tests put output for a person to inspect; not in version control. */
export const testOutput = join(repository, 'test-output')

/** The small project for which the tests' Python environment is made; the other test projects borrow it. */
export const pythonHome = join(repository, '.dagma', 'test-python')

const foreign = /^(?:MLFLOW|QDRANT|LANGFLOW|EMBEDDINGS|OTEL|DAGMA|DAGSTER|npm|NODE|VITEST|VITE|PYTHON)_?/i

/**
 * The environment of every process that a test starts: this machine's, without settings of the systems under test, with the checkout's programs first
 * on PATH.
 */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && !foreign.test(entry[0]))
  const path = [join(repository, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter)
  return { ...Object.fromEntries(kept), PATH: path, ...extra }
}
