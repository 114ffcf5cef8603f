import { afterAll, describe, it } from 'vitest'
import { qdrantFromEnv } from './index.ts'
import { conformanceSuite } from './test/conformance.ts'
import { open, temporaryProject } from './test/open.ts'

const project = temporaryProject()
afterAll(() => project[Symbol.dispose]())

conformanceSuite('local', (collection) => open({ collection }, { projectFolder: project.folder }))

if (process.env.QDRANT_URL) {
  conformanceSuite('qdrant', (collection) => open({ ...qdrantFromEnv(''), collection }))
} else {
  describe('qdrant', () => {
    it.skip('against a real server: set QDRANT_URL, and QDRANT_API_KEY where it wants a key', () => {})
  })
}
