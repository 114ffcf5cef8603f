import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { EmbeddingsSettingsError, embeddingsFromEnv } from './index.ts'
import { open } from './test/open.ts'

afterEach(() => vi.unstubAllEnvs())

describe('settings', () => {
  it.each(['localhost:11434', 'ftp://host', 'http://me:a-password@host', ' '])(
    'a base URL %j is refused without being repeated',
    async (baseUrl) => {
      const opened = open({ baseUrl, model: 'm' })
      await expect(opened).rejects.toThrow(/^EMBEDDINGS_BASE_URL /)
      await expect(opened).rejects.not.toThrow(/a-password/)
    },
  )

  it.each([
    [{ baseUrl: 'http://h/v1' }, /no model is named\. Set EMBEDDINGS_MODEL/],
    [{ baseUrl: 'http://h/v1/embeddings', model: 'm' }, /ends with \/embeddings/],
    [{ baseUrl: 'http://h/v1?key=1', model: 'm' }, /query or a hash/],
    [{ dimensions: 0 }, /EMBEDDINGS_DIMENSIONS is not an integer from 1 to 65536/],
    [{ dimensions: 1.5 }, /EMBEDDINGS_DIMENSIONS/],
    [{ batchTexts: 0 }, /batchTexts/],
    [{ parallel: Number.NaN }, /parallel/],
  ])('%j are refused with a hint', async (settings, message) => {
    const opened = open(settings)
    await expect(opened).rejects.toBeInstanceOf(EmbeddingsSettingsError)
    await expect(opened).rejects.toThrow(message)
  })

  it('a key that would go unencrypted is warned of, but not on this machine', async () => {
    vi.stubEnv('EMBEDDINGS_API_KEY', 'key-of-the-settings-tests')
    const warnings: string[] = []
    for (const baseUrl of ['http://localhost:1', 'https://host', 'http://host'])
      await open({ ...embeddingsFromEnv(), baseUrl, model: 'm' }, { warnings })
    expect(warnings).toEqual(['Embeddings: the key is sent unencrypted to host; use https.'])
  })

  it('are read from the environment, empty texts as if not set, the key never as text', () => {
    for (const name of ['BASE_URL', 'MODEL', 'API_KEY', 'DIMENSIONS']) vi.stubEnv(`EMBEDDINGS_${name}`, '')
    expect(embeddingsFromEnv()).toEqual({})
    vi.stubEnv('EMBEDDINGS_BASE_URL', 'http://host/v1')
    vi.stubEnv('EMBEDDINGS_MODEL', 'm')
    vi.stubEnv('EMBEDDINGS_API_KEY', 'sk-0123456789')
    vi.stubEnv('EMBEDDINGS_DIMENSIONS', '256')
    expect(embeddingsFromEnv()).toMatchObject({
      baseUrl: 'http://host/v1',
      model: 'm',
      dimensions: 256,
      apiKey: { variable: 'EMBEDDINGS_API_KEY' },
    })
    expect(JSON.stringify(embeddingsFromEnv())).not.toContain('sk-0123456789')
    vi.stubEnv('EMBEDDINGS_DIMENSIONS', 'many')
    expect(() => embeddingsFromEnv()).toThrow(/EMBEDDINGS_DIMENSIONS is not an integer/)
  })
})

it('the local dimensions are those that the README names', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  expect(readme).toContain(`local embedder: ${(await (await open({})).embed(['a'])).dimensions.toLocaleString('en')}`)
})
