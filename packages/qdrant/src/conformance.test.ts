import { secret } from 'dagma'
import { afterAll, describe, it } from 'vitest'
import { conformanceSuite } from './test/conformance.ts'
import { declaredConformanceSuite } from './test/declared-conformance.ts'
import { open, temporaryProject } from './test/open.ts'

const project = temporaryProject()
afterAll(() => project[Symbol.dispose]())

conformanceSuite('local', (collection) => open({ collection }, { projectFolder: project.folder }))
declaredConformanceSuite('local', {}, { projectFolder: project.folder })

const url = process.env.DAGMA_TEST_QDRANT_URL
if (url) {
  const server = { url, apiKey: secret('DAGMA_TEST_QDRANT_API_KEY') }
  conformanceSuite('qdrant', (collection) => open({ ...server, collection }))
  declaredConformanceSuite('qdrant', server)
} else {
  describe('qdrant', () => {
    it.skip('against a real server: set DAGMA_TEST_QDRANT_URL, and DAGMA_TEST_QDRANT_API_KEY where it wants a key', () => {})
  })
}
