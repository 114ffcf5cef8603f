import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { redact, redactValue } from './redact.ts'
import { secret } from './secret.ts'
import { forgetSecrets } from './secret-values.ts'

const names = [0, 1, 2, 3].map((index) => `DAGMA_TEST_SECRET_${index}`)

/** Declares secrets with these values for the rest of the test. */
function declare(...values: string[]): void {
  clear()
  for (const [index, value] of values.entries()) {
    const name = names[index] ?? ''
    process.env[name] = value
    secret(name)
  }
}

function clear(): void {
  for (const name of names) delete process.env[name]
  forgetSecrets()
}

beforeEach(clear)
afterEach(clear)

/** Characters that encoders treat in their own ways, among others. */
const hostile = fc.constantFrom(...'"\'\\/\n\r\t ~!*()&<>%+=:;?#@[]{}|^`$.-_,éß漢😀', '\u0001', '\u2028', '\u00ad')
const unit = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }) },
  { weight: 2, arbitrary: hostile },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
)
/** An escape, or the beginning of one at the end of a value, which may take in what follows. */
const escaped = /%[0-9a-f]{2}|(?:\\+|%[0-9a-f]?|&[#\w]{0,8})$/gi
/** A value that an environment variable can have; it ends at a NUL. With the escapes in it decoded it is still as long as a secret. */
const secretValue = fc
  .array(unit, { minLength: 8, maxLength: 80 })
  .map((units) => units.join('').replaceAll('\0', '0').toWellFormed())
  .filter((value) => !'[redacted]'.includes(value) && value.replace(escaped, '').trim().length >= 8)
/** Does not end with the beginning of an escape, which would take in the first characters of the value: then they are written nowhere. */
const surroundings = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/(?:\\+|%[0-9a-f]?|&[#\w]*)+$/i, ''))
const spacer = fc.constantFrom('', ' ', '/', '"', 'a', '\n')

/** Ways in which a value is written, as functions of the text that holds it. */
const writers: { readonly [name: string]: (before: string, value: string, after: string) => string } = {
  plain: (before, value, after) => before + value + after,
  'URI component': (before, value, after) => encodeURIComponent(before + value + after),
  'URI component in small letters': (before, value, after) =>
    encodeURIComponent(before + value + after).replace(/%../g, (code) => code.toLowerCase()),
  'form of a URL': (before, value, after) => new URLSearchParams({ before, key: value + after }).toString(),
  'form of a URL within a URL': (before, value, after) =>
    encodeURIComponent(new URLSearchParams({ before, key: value + after }).toString()),
  JSON: (before, value, after) => JSON.stringify({ text: before + value + after }),
  'JSON in JSON': (before, value, after) => JSON.stringify(JSON.stringify({ text: before + value + after })),
  'JSON in JSON in JSON': (before, value, after) => JSON.stringify(JSON.stringify(JSON.stringify([before, value + after]))),
  'ASCII JSON, as Python writes it': (before, value, after) =>
    JSON.stringify(before + value + after).replace(
      /[\u0080-\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  'HTML-safe JSON, as Go writes it': (before, value, after) =>
    JSON.stringify(before + value + after).replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`),
  base64: (before, value, after) => Buffer.from(before + value + after).toString('base64'),
  base64url: (before, value, after) => Buffer.from(before + value + after).toString('base64url'),
  'base64 in a URL': (before, value, after) => encodeURIComponent(Buffer.from(before + value + after).toString('base64')),
  hex: (before, value, after) => Buffer.from(before + value + after).toString('hex'),
  'hex in capitals': (before, value, after) =>
    Buffer.from(before + value + after)
      .toString('hex')
      .toUpperCase(),
}

/** The part of a written secret that must not be found: all of it, or for base64 the part that its neighbours do not change. */
function tellTale(writer: string, before: string, value: string): string {
  if (!writer.startsWith('base64')) return (writers[writer] ?? writers.plain)?.('', value, '') ?? ''
  const start = Buffer.byteLength(before)
  const shift = start % 3
  const text = Buffer.from(`${'x'.repeat(shift)}${value}`).toString('base64')
  const stable = text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + Buffer.byteLength(value)) * 8) / 6))
  if (writer === 'base64url') return stable.replaceAll('+', '-').replaceAll('/', '_')
  return writer === 'base64' ? stable : encodeURIComponent(stable)
}

describe('a declared secret is never found after redaction', () => {
  test.each(Object.keys(writers))('%s', (writer) => {
    fc.assert(
      fc.property(secretValue, surroundings, surroundings, (value, before, after) => {
        declare(value)
        const text = writers[writer]?.(before, value, after) ?? ''
        const result = redact(text)
        expect(result).toContain('[redacted]')
        const rest = result.replaceAll('[redacted]', '\0')
        expect(rest).not.toContain(value)
        if (!writer.startsWith('form')) {
          const telling = tellTale(writer, before, value).replace(/^(?:\\*")|(?:\\*")$/g, '')
          expect(rest).not.toContain(telling)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('inspected, as console.log does', () => {
    fc.assert(
      fc.property(secretValue, surroundings, (value, before) => {
        declare(value)
        expect(redact(inspect({ text: before + value }, { breakLength: Infinity }))).toContain('[redacted]')
        if (Buffer.byteLength(value) <= 50)
          expect(redact(inspect(Buffer.from(value)))).toMatch(/^<Buffer (?:(?:0\w|1\w|20) )*\[redacted\](?: (?:0\w|1\w|20))*>$/)
      }),
    )
  })

  test('in keys and values of data', () => {
    fc.assert(
      fc.property(secretValue, fc.jsonValue(), (value, other) => {
        declare(value)
        const text = JSON.stringify(redactValue({ [`a${value}`]: [other, { b: `${value}c` }] }))
        expect(text.split('[redacted]').length).toBeGreaterThanOrEqual(3)
        expect(text).not.toContain(JSON.stringify(value).slice(1, -1))
      }),
    )
  })

  test('several secrets together, whatever is between them, wholly', () => {
    fc.assert(
      fc.property(secretValue, secretValue, spacer, surroundings, (first, second, between, around) => {
        declare(first, second)
        const result = redact(around + first + between + second + around).replaceAll('[redacted]', '\0')
        expect(result).not.toContain(first)
        expect(result).not.toContain(second)
      }),
    )
  })

  test('overlapping secrets leave nothing of either', () => {
    declare('abcdefghijklmnop', 'hijklmnopqrstuvwx', 'nopqrstuvwxyz0123')
    expect(redact('<abcdefghijklmnopqrstuvwxyz0123>')).toBe('<[redacted]>')
    declare('the-inner-secret', 'outer-the-inner-secret-outer')
    expect(redact('outer-the-inner-secret-outer the-inner-secret')).toBe('[redacted] [redacted]')
    declare('aaaaaaaaaa')
    expect(redact(`b${'a'.repeat(13)}b`)).toBe('b[redacted]b')
  })

  test('a secret of several lines, seen line by line', () => {
    const pem =
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\r\nshort\n-----END PRIVATE KEY-----\n'
    declare(pem)
    expect(redact(`key: ${pem}.`)).toBe('key: [redacted]\n.')
    expect(pem.split(/\r?\n/).map(redact)).toEqual(['[redacted]', '[redacted]', '[redacted]', 'short', '[redacted]', ''])
  })

  test('a secret read from a file, used without the newline at its end', () => {
    declare('  s3cr3t-t0k3n\n')
    expect(redact('Authorization: token s3cr3t-t0k3n')).toBe('Authorization: token [redacted]')
  })

  test('a value that makes a pattern is only text', () => {
    declare('(a+)+$.*[b-a]{9,1}\\')
    expect(redact('x (a+)+$.*[b-a]{9,1}\\ y')).toBe('x [redacted] y')
    expect(redact('aaaaaaaaaaaaaaaaaaaaaaaa!')).toBe('aaaaaaaaaaaaaaaaaaaaaaaa!')
  })

  test('its value of now counts: a rotated secret is found', () => {
    declare('first-value')
    expect(redact('first-value second-value')).toBe('[redacted] second-value')
    process.env[names[0] ?? ''] = 'second-value'
    expect(redact('second-value')).toBe('[redacted]')
  })
})

test('pieces of a token are found, pieces of words are not', () => {
  const token = 'tok_Zk3vR8wLx0Qm5nTb7YcHd2Js9Gf4Pa6Ue1'
  declare(token, 'correct-horse-battery-staple-2024')
  expect((token.match(/.{1,16}/g) ?? []).map(redact)).toEqual(['[redacted]', '[redacted]', 'Pa6Ue1'])
  expect(redact(`begins with ${token.slice(0, 14)}`)).toBe('begins with [redacted]')
  expect(redact('the correct-horse-battery')).toBe('the correct-horse-battery')
})

test('a secret anywhere in a long text is found, in an encoding too', () => {
  declare('the-secret-value')
  const written = ['the-secret-value', btoa('the-secret-value'), '%74he%2Dsecret%2Dvalue', '漢 the-secret-value']
  for (const text of written) {
    const parts = [0, 100_000, 262_100, 524_240, 700_000].map((length) => `${'lorem '.repeat(length / 6)}"${text}"`)
    expect(redact(parts.join(' ')).split('[redacted]').length).toBe(parts.length + 1)
  }
})

describe('text without secrets', () => {
  test('stays as it is', () => {
    declare('a-secret-that-no-text-has-0817')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        fc.pre(!/bearer|basic|:\/\/|[?&]|sk-|eyJ/i.test(text))
        expect(redact(text)).toBe(text)
      }),
    )
  })

  test.each([
    'Bearer of bad news',
    'Basic information about basic statistics, basic:authentication',
    'risk-free-rate-of-return-is-0.04',
    'http://localhost:3000/@scope/package?monkey=1',
    'mail ann@example.com and bob@example.com',
    '/x?country_code=DE&status_code=200&max_tokens=5&author=ann&sort_key=name&partition_key=a',
    'http://cache:6379/a@b, http://[::1]:80/@x',
    '{"a":"redis://cache","b":"x:y@z"}',
    'the eye of the beholder',
  ])('%s', (text) => {
    expect(redact(text)).toBe(text)
  })

  test('half a surrogate pair, which Python could not write, becomes a replacement character', () => {
    expect(redact('a\ud83d')).toBe('a\ufffd')
  })
})

describe('secrets by their shape', () => {
  // Joined at run time, so that no scanner takes this file for a leak.
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789'
  test.each<[shape: string, text: string, result: string]>([
    ['user info', 'postgres://ann:pa55word@db:5432/x', 'postgres://[redacted]@db:5432/x'],
    ['user info with "@" in the password', 'see https://ann:p@ss:w@rd@host/p@th', 'see https://[redacted]@host/p@th'],
    ['user name only', 'https://token@host', 'https://[redacted]@host'],
    ['a password with quotes and slashes', `mysql://root:p'a/s"s@w0rd@db.example.com:3306/x`, 'mysql://[redacted]@db.example.com:3306/x'],
    ['a password with a slash, in any scheme', 'redis+tls://:pa/ss@[::1]:6379/0 and', 'redis+tls://[redacted]@[::1]:6379/0 and'],
    ['a password in quotes', `connect("amqp://ann:pa'ss@mq/vhost")`, 'connect("amqp://[redacted]@mq/vhost")'],
    ['a password in JSON', '{"a":"http://cache:80","b":"ftp://u:p/w@h"}', '{"a":"http://cache:80","b":"ftp://[redacted]@h"}'],
    [
      'signed by AWS',
      'https://b.s3/x?X-Amz-Credential=AKID%2F2&X-Amz-Date=2&X-Amz-Signature=0f&x=1',
      'https://b.s3/x?X-Amz-Credential=[redacted]&X-Amz-Date=2&X-Amz-Signature=[redacted]&x=1',
    ],
    ['signed by Google', 'https://g/x?X-Goog-Signature=0f&X-Goog-Expires=1', 'https://g/x?X-Goog-Signature=[redacted]&X-Goog-Expires=1'],
    ['signed by Azure', 'https://a/x?sv=2024&sig=ab%2Fc&se=2', 'https://a/x?sv=2024&sig=[redacted]&se=2'],
    ['OAuth', '/cb?code=abc&state=1', '/cb?code=[redacted]&state=1'],
    [
      'other parameters',
      '?client_secret=a&refresh_token=b&id_token=c&access_key=d&auth=e&AWSAccessKeyId=f&accessToken=g&jwt=h&PHPSESSID=i',
      '?client_secret=[redacted]&refresh_token=[redacted]&id_token=[redacted]&access_key=[redacted]&auth=[redacted]&AWSAccessKeyId=[redacted]&accessToken=[redacted]&jwt=[redacted]&PHPSESSID=[redacted]',
    ],
    [
      'a fragment',
      'https://x/#access_token=abc&token_type=bearer&expires_in=1',
      'https://x/#access_token=[redacted]&token_type=bearer&expires_in=1',
    ],
    ['in HTML', '<a href="/x?a=1&amp;token=abc&amp;b=2">', '<a href="/x?a=1&amp;token=[redacted]&amp;b=2">'],
    ['a webhook', `https://hooks.${'slack'}.com/services/T0000/B0000/abcdefghijklmnop`, `https://hooks.${'slack'}.com/services/[redacted]`],
    ['bearer', 'Authorization: Bearer abc.def-ghi_jkl==', 'Authorization: Bearer [redacted]'],
    ['bearer in small letters', '{"authorization":"bearer  abcdefgh"}', '{"authorization":"bearer  [redacted]"}'],
    ['bearer, a token that begins as a word', 'Bearer security-x1y2', 'Bearer [redacted]'],
    ['basic', `Basic ${btoa('ann:pa55word')}`, 'Basic [redacted]'],
    ['basic in small letters', `authorization=basic ${btoa('a:b')},`, 'authorization=basic [redacted],'],
    ['keys in a query', '/x?a=1&api_key=s3cr3t&Token=t%20t#f', '/x?a=1&api_key=[redacted]&Token=[redacted]#f'],
    ['OpenAI', `key sk-${letters}.`, 'key [redacted].'],
    ['Stripe', `sk_${'live'}_${letters}`, '[redacted]'],
    ['GitHub', `gh${'p'}_${letters} github_${'pat'}_${letters}`, '[redacted] [redacted]'],
    ['GitLab', `gl${'pat'}-${letters}`, '[redacted]'],
    ['npm', `npm${'_'}${letters.slice(0, 36)}`, '[redacted]'],
    ['Hugging Face', `hf${'_'}${letters}`, '[redacted]'],
    ['Databricks', `dapi${'0123456789abcdef'.repeat(2)}`, '[redacted]'],
    ['Slack', `xox${'b'}-1234567890-${letters}`, '[redacted]'],
    ['Slack, of an app', `xapp-1-A0123-${letters}`, '[redacted]'],
    ['PyPI', `pypi-${'AgE'}IcHlwaS5vcmc${letters}`, '[redacted]'],
    ['SendGrid', `SG.${letters.slice(0, 22)}.${letters}`, '[redacted]'],
    ['Google OAuth', `ya29.${letters}`, '[redacted]'],
    ['Vault', `hvs.${letters}`, '[redacted]'],
    ['Doppler', `dp.pt.${letters}`, '[redacted]'],
    ...['shpat_', 'dop_v1_', 'pul-', 'glsa_', 'lin_api_', 'PMAK-', 'glcbt-', 'gldt-', 'r8_', 'lsv2_pt_', 'gsk_', 'xai-'].map(
      (prefix): [string, string, string] => [prefix, `${prefix}${letters}`, '[redacted]'],
    ),
    ['AWS', `AKIA${'ABCDEFGH12345678'}`, '[redacted]'],
    ['Google', `AIza${letters}`, '[redacted]'],
    ['JSON web token', `eyJ${letters}.eyJ${letters}.${letters}`, '[redacted]'],
    ['private key', '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END', '-----BEGIN RSA PRIVATE KEY-----[redacted]-----END'],
  ])('%s', (_shape, text, result) => {
    expect(redact(text)).toBe(result)
  })
})

test.each([
  ['a member', (key: string) => inspect({ key })],
  ['a member, in colors', (key: string) => inspect({ key }, { colors: true })],
  ['lines', (key: string) => inspect(key.split('\n'))],
  ['lines, in colors', (key: string) => inspect(key.split('\n'), { colors: true })],
  ['JSON in JSON', (key: string) => JSON.stringify(JSON.stringify({ key }))],
])('a private key that is not of a known secret, printed as %s', (_, print) => {
  const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nBKcwggSjAgEAAoIBAQC7VJTUt9Us\n-----END PRIVATE KEY-----\n'
  expect(redact(print(key))).not.toMatch(/MIIEvQ|BKcwgg/)
})

test('redacting twice changes nothing more', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 10 }),
    fc.constantFrom(
      '://',
      '@',
      'Bearer ',
      'basic ',
      '?key=',
      '%26token%3D',
      ';Password=',
      'password=',
      '"x-api-key": "',
      'Cookie: a=',
      'Authorization: Token ',
      ';',
      '"',
      '&token=',
      'sk-',
      'ghp_',
      'AKIA',
      'eyJ',
      'abcdefghijklmnopqrst',
      '.',
      '0123456789ABCDEF',
    ),
    fc.constantFrom('the-secret', 'secret-value', 'the-secret-value', '[redacted]', btoa('x:y')),
  )
  declare('the-secret', 'secret-value')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const once = redact(pieces.join(''))
      expect(redact(once)).toBe(once)
    }),
    { numRuns: 2000 },
  )
})

// Twice the text costs about twice as much; what grew with the square of the length would cost sixteen times as much for four times the text.
describe('any text costs in proportion to its length', () => {
  const pieces: readonly (readonly [what: string, piece: string])[] = [
    ['backslashes', '\\'],
    ['percent signs', '%25'],
    ['beginnings of user info', '://'],
    ['user info', '://a:b/'],
    ['colons and at signs', '://a:@'],
    ['bearers', 'Bearer '],
    ['basic', 'Basic QUJD'],
    ['white space', ' '],
    ['beginnings of a secret', '\\"\\"'],
    ['secrets', 'the-secret-value'],
    ['secrets in base64', btoa('the-secret-value')],
    ['base64', 'eyJhYmNk'],
    ['token pieces', 'eyJabcdefgh-'],
    ['tokens', 'eyJaaaaaaaa.'],
    ['a private key', '-----BEGIN PRIVATE KEY-----'],
    ['the beginning of a private key', '-----BEGIN PRIVATE KEY'],
    ['parameters', '&token='],
    ['names of parameters', '?aaaaaaa'],
    ['encoded parameters', '%26token%3D'],
    ['encoded names', '?%61%61'],
    ['settings', ';Password='],
    ['names of settings', ';aaaa bbb'],
    ['passwords', 'a_password='],
    ['names of passwords', 'aaaa_'],
    ['variables', 'AAA_'],
    ['variables within the values of others', 'A_A='],
    ['secret variables within the values of others', 'K_TOKEN='],
    ['placeholders within the values of others', 'a_token=***'],
    ['braces that nothing closes', 'A_TOKEN={'],
    ['options', '--aaa'],
    ['options with a space', '--token '],
    ['names of tokens', '_token'],
    ['tokens of a form', 'token=a1'],
    ['keys of Vault', 'hvs.'],
    ['keys of Doppler', 'dp.pt.'],
    ['keys of others', 'gldt-'],
    ['settings with spaces', '; Password = '],
    ['headers', 'x-api-key: '],
    ['names of headers', 'aa-'],
    ['quoted headers', "'x-api-key': [ '"],
    ['members', "password: '"],
    ['members with all quotes', '"token": `token: \''],
    ['lists of members', "apiKeys: [ '"],
    ['members without a value', 'token: "", '],
    ['names of members', 'a_password: '],
    ['words as tokens', "token: 'a', token: "],
    ['users', ' -u ann:'],
    ['passwords of mysql', 'mysql -p'],
    ['options of mysql', 'mysql -a '],
    ['options without a program', ' -p a'],
    ['logins', 'docker login -p '],
    ['cookies', 'cookie: a='],
    ['authorizations', 'authorization: token '],
    ['bots', '/bot12345:'],
    ['webhooks', 'discord.com/api/webhooks/12345/'],
    ['Oracle', 'jdbc:oracle:thin:a/'],
    ['entities', '&#65;'],
    ['ampersands', '&;'],
    ['escapes', '\\u0041'],
    ['hexadecimal', '6f 0x6f '],
    ['numbers', '115,'],
    ['base32', 'MFRGG'],
    ['quoted-printable', '=3D'],
    ['equals signs', '='],
    ['keys', 'sk-'],
    ['keys of Slack', 'xoxb-'],
    ['quotes of a parser', ', "a" is not valid JSON'],
    ['ellipses', 'the-secret-va...'],
    ['NULs', 'a\0'],
    ['no ASCII', '漢字'],
  ]
  test.each(pieces)('%s', (_what, piece) => {
    declare('\\"\\"\\"\\"\\"\\"secret', '\\\\\\\\\\\\\\\\\\x', 'the-secret-value', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')
    const text = (length: number): string => piece.repeat(Math.ceil(length / piece.length))
    const cost = (input: string): number => {
      const before = process.cpuUsage()
      redact(input)
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    const short = text(60_000)
    cost(short) // compiled by now
    const limit = 10 * Math.max(Math.min(cost(short), cost(short), cost(short)), 1_000)
    const long = text(240_000)
    expect([1, 2, 3].some(() => cost(long) < limit)).toBe(true) // the best of three, without the attempts that change nothing
  })
})
