import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { thrownBy } from '../test/temporary.ts'
import { checkedHttpUrl, deepLink, isHttpUrl } from './links.ts'

const fit = [
  'http://localhost',
  'https://example.com:8443/base/?a=1#b',
  'HTTPS://EXAMPLE.com',
  'http://[::1]:5000/',
  'http://münchen.example',
]
const unfit = [
  '',
  'example.com',
  '/path',
  '//example.com',
  'localhost:5000',
  'ftp://example.com',
  'javascript:alert(1)',
  'data:text/html,x',
  'file:///etc/passwd',
  'http://',
  'https://ann@example.com',
  'https://ann:pa55word@example.com',
  'https://:pa55word@example.com',
]

describe('checkedHttpUrl and isHttpUrl agree', () => {
  test.each(fit)('%s is fit', (text) => {
    expect(checkedHttpUrl(text, 'It')).toBe(text)
    expect(isHttpUrl(text)).toBe(true)
  })

  test.each(unfit)('%s is not', async (text) => {
    expect(isHttpUrl(text)).toBe(false)
    expect(await thrownBy(() => checkedHttpUrl(text, 'It'))).toMatchObject({ code: 'DAGMA_URL_INVALID' })
  })

  test('nothing is not a URL', () => {
    expect(isHttpUrl(undefined)).toBe(false)
  })

  test('an error never repeats the text, which may hold a password', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9]{8,20}$/),
        fc.constantFrom('https://u:', 'ftp://', 'https://', 'x y ', ''),
        (password, start) => {
          try {
            checkedHttpUrl(`${start}${password}@host/`, 'The setting')
          } catch (error) {
            expect(String(error)).not.toContain(password)
            return
          }
          throw new Error('Nothing was thrown.')
        },
      ),
    )
  })

  test('messages', async () => {
    const messages = await Promise.all(['x', 'ftp://h', 'http://u:p@h'].map((text) => thrownBy(() => checkedHttpUrl(text, 'QDRANT_URL'))))
    expect(messages.map(({ message }) => message)).toMatchInlineSnapshot(`
      [
        "QDRANT_URL is not an absolute URL. Use an absolute http or https URL without user name and password. [DAGMA_URL_INVALID]",
        "QDRANT_URL is not an http or https URL (it starts with "ftp:"). Use an absolute http or https URL without user name and password. [DAGMA_URL_INVALID]",
        "QDRANT_URL has a user name or password in it. Use an absolute http or https URL without user name and password. [DAGMA_URL_INVALID]",
      ]
    `)
  })
})

describe('deepLink', () => {
  test.each([
    ['http://h:5000', '#/experiments/1', 'http://h:5000/#/experiments/1'],
    ['http://h/', '/flow/1', 'http://h/flow/1'],
    ['http://h/base//', '//x', 'http://h/base/x'],
    ['https://h/base', '', 'https://h/base'],
    ['https://h/', '', 'https://h'],
    ['http://h/base/?key=1#top', 'x', 'http://h/base/x'],
    ['http://h?key=a/b', '', 'http://h'],
  ])('%s and %s', (base, path, link) => {
    expect(deepLink(base, path)).toBe(link)
  })

  test('needs a fit base', async () => {
    expect(await thrownBy(() => deepLink('h:5000', 'x'))).toMatchObject({ code: 'DAGMA_URL_INVALID' })
  })
})
