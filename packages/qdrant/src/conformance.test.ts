import { secret } from 'dagma'
import { afterAll, describe, it } from 'vitest'
import { conformanceSuite } from './test/conformance.ts'
import { open, temporaryProject } from './test/open.ts'

const project = temporaryProject()
afterAll(() => project[Symbol.dispose]())

conformanceSuite('local', (collection) => open({ collection }, { projectFolder: project.folder }))

const url = process.env.DAGMA_TEST_QDRANT_URL
if (url) {
  conformanceSuite('qdrant', (collection) => open({ url, apiKey: secret('DAGMA_TEST_QDRANT_API_KEY'), collection }))
} else {
  describe('qdrant', () => {
    it.skip('against a real server: set DAGMA_TEST_QDRANT_URL, and DAGMA_TEST_QDRANT_API_KEY where it wants a key', () => {})
  })
}
