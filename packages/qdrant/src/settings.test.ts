import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type QdrantServerSettings, type QdrantSettings, qdrantFromEnv, qdrantLinks } from './index.ts'
import { checkCollection, serverOf } from './settings.ts'

afterEach(() => vi.unstubAllEnvs())

const base = (settings: QdrantServerSettings) => serverOf(settings)?.baseUrl

describe('the server that settings name', () => {
  it.each<[QdrantServerSettings, string | undefined]>([
    [{}, undefined],
    [{ url: '', host: '' }, undefined],
    [{ url: 'http://h:6333' }, 'http://h:6333'],
    [{ url: 'https://h' }, 'https://h'],
    [{ url: 'https://h:443/' }, 'https://h'],
    [{ url: 'http://h' }, 'http://h'],
    [{ url: 'http://h', port: 6333 }, 'http://h:6333'],
    [{ url: 'https://h:6333/qdrant/' }, 'https://h:6333/qdrant'],
    [{ url: 'https://h', prefix: 'a/b' }, 'https://h/a/b'],
    [{ url: 'https://h', https: true }, 'https://h'],
    [{ host: 'h' }, 'http://h:6333'],
    [{ host: 'h', https: true, port: 443 }, 'https://h'],
    [{ host: 'h', port: 80, prefix: '/q' }, 'http://h/q'],
    [{ host: '::1' }, 'http://[::1]:6333'],
    [{ host: '[::1]', port: 1 }, 'http://[::1]:1'],
  ])('%j: %s', (settings, expected) => {
    expect(base(settings)).toBe(expected)
  })

  it.each<[QdrantServerSettings, RegExp]>([
    [{ url: 'http://h', host: 'h' }, /both url and host/],
    [{ url: 'ftp://h' }, /not an http or https URL/],
    [{ url: 'h:6333' }, /not an http or https URL/],
    [{ url: 'http://user:pass-word@h' }, /user name or password/],
    [{ url: 'http://h?key=1' }, /a query or a hash/],
    [{ url: 'http://h', https: true }, /starts with http:\/\/ but https is true/],
    [{ url: 'http://h:1', port: 2 }, /different ports/],
    [{ url: 'https://h:443', port: 6333 }, /different ports/],
    [{ url: 'http://h/a', prefix: 'b' }, /another path/],
    [{ host: 'http://h' }, /without scheme/],
    [{ host: 'h:6333' }, /without scheme, port/],
    [{ host: 'h/x' }, /without scheme/],
    [{ host: 'user@h' }, /without scheme/],
    [{ host: 'h', port: 0 }, /port is 0/],
    [{ host: 'h', port: Number.NaN }, /port is NaN/],
    [{ host: 'h', prefix: '../x' }, /prefix is not a path/],
    [{ host: 'h', uiUrl: 'javascript:alert(1)' }, /not an http or https URL/],
  ])('refuses %j', (settings, message) => {
    expect(() => base(settings)).toThrow(message)
  })

  it.each(['', '.', '..', 'a/b', 'a?b', 'a\u0000', 'x'.repeat(256)])('refuses the collection %j', (collection) => {
    expect(() => checkCollection(collection)).toThrow(/a name that Qdrant refuses/)
  })

  it('never repeats a URL with a password', () => {
    const error = (() => {
      try {
        return base({ url: 'http://user:pass-word@h' })
      } catch (thrown) {
        return thrown
      }
    })()
    expect(inspect(error)).not.toContain('pass-word')
  })
})

describe('links', () => {
  const shown = (settings: QdrantSettings) =>
    Object.fromEntries(Object.entries(qdrantLinks(settings)).map(([name, { type, value }]) => [name, `${type} ${value}`]))

  it('are derived from the settings', () => {
    expect(shown({ collection: 'my docs#1', host: 'h', https: true, prefix: 'q' })).toEqual({
      qdrant_collection_url: 'url https://h:6333/q/collections/my%20docs%231',
      qdrant_search_endpoint: 'url https://h:6333/q/collections/my%20docs%231/points/query',
      qdrant_dashboard_url: 'url https://h:6333/q/dashboard#/collections/my%20docs%231',
    })
    expect(shown({ collection: 'docs', url: 'http://api:6333', uiUrl: 'https://ui/' }).qdrant_dashboard_url).toBe(
      'url https://ui/dashboard#/collections/docs',
    )
  })

  it('are absent with the local store', () => {
    expect(qdrantLinks({ collection: 'docs' })).toEqual({})
  })
})

describe('settings from the environment', () => {
  it('are read when called', () => {
    expect(serverOf(qdrantFromEnv('docs'))).toBeUndefined()
    vi.stubEnv('QDRANT_HOST', 'h')
    vi.stubEnv('QDRANT_PORT', '7000')
    vi.stubEnv('QDRANT_USE_HTTPS', 'TRUE')
    vi.stubEnv('QDRANT_COLLECTION', 'others')
    expect(serverOf(qdrantFromEnv('docs'))?.baseUrl).toBe('https://h:7000')
    expect(qdrantFromEnv('docs').collection).toBe('others')
    vi.stubEnv('QDRANT_USE_HTTPS', 'yes')
    expect(() => qdrantFromEnv('docs')).toThrow(/QDRANT_USE_HTTPS must be true or false/)
  })
})

it('lets redaction know its secrets as soon as it is loaded', () => {
  const declared = (globalThis as { [known: symbol]: ReadonlyMap<string, unknown> | undefined })[Symbol.for('dagma.secrets')]
  expect([...(declared?.keys() ?? [])]).toEqual(expect.arrayContaining(['QDRANT_API_KEY']))
})
