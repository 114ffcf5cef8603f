import { fileURLToPath } from 'node:url'
import { serviceExecutable, startService, type TestService } from './service.ts'

/** The Python that `DAGMA_TEST_QDRANT` names, which has the engine of Qdrant. */
export const qdrantPython = (): string | undefined => serviceExecutable('DAGMA_TEST_QDRANT')

/** Starts Qdrant's engine behind its REST API, without collections. */
export function startQdrant(python = qdrantPython()): Promise<TestService> {
  if (!python) throw new Error('Set DAGMA_TEST_QDRANT to a Python with the packages of scripts/test-services/qdrant.in.')
  return startService({
    name: 'qdrant',
    executable: python,
    args: ({ port }) => [fileURLToPath(new URL('qdrant-engine.py', import.meta.url)), String(port)],
    env: (folder) => ({ TMPDIR: folder }),
    healthPath: '/',
  })
}
