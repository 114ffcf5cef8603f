import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { langflowFlowUrl, langflowUiUrl } from './links.ts'

const flow = '11810320-d062-49e3-83d0-70ac4dcbd209'

describe('the link to the UI', () => {
  it.each([
    ['is the root of the API', { baseUrl: 'http://localhost:7860/' }, 'http://localhost:7860'],
    ['is that of the UI when it is set', { baseUrl: 'http://api:7860', uiUrl: 'https://ui' }, 'https://ui'],
    ['keeps a path', { baseUrl: 'https://host/langflow/' }, 'https://host/langflow'],
    ['has no query and hash', { baseUrl: 'https://host/?a=b#c' }, 'https://host'],
    ['is never derived from a base with user info', { baseUrl: 'http://me:pass@host' }, undefined],
    ['is not derived from nothing', {}, undefined],
  ])('%s', (_, settings, url) => expect(langflowUiUrl(settings)).toBe(url))
})

describe('the link to a flow', () => {
  it('has its id', () => expect(langflowFlowUrl({ baseUrl: 'http://localhost:7860/' }, flow)).toBe(`http://localhost:7860/flow/${flow}`))
  it('is not derived from a name, which the UI does not know', () =>
    expect(langflowFlowUrl({ baseUrl: 'http://localhost:7860' }, 'my-flow')).toBeUndefined())
  it('is below its base for every flow and base', () =>
    fc.assert(
      fc.property(
        fc.webUrl(),
        fc.uuid(),
        (base, id) => void expect(langflowFlowUrl({ baseUrl: base }, id)).toMatch(new RegExp(`^https?://[^?#]+/flow/${id}$`)),
      ),
    ))
})
