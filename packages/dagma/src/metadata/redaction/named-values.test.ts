import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redact, redactValue } from './redact.ts'
import { isCommonplace } from './secret-names.ts'

describe('a value whose name says that it is secret is cut', () => {
  test.each<[where: string, before: string, after: string]>([
    ['a parameter', '/x?token=', '&a=1'],
    ['a variable', 'API_TOKEN=', ' a'],
    ['a variable in quotes', 'API_TOKEN="', '" a'],
    ['a member', "{ password: '", "', a: 1 }"],
    ['a header', 'x-api-key: ', ' a'],
  ])('to its end, however long: %s', (_where, before, after) => {
    for (const length of [1_022, 1_023, 1_024, 1_025, 50_000]) {
      const result = redact(before + 'a1B'.repeat(length).slice(0, length) + after)
      expect(result).not.toContain('a1')
      expect(result.endsWith(after.slice(1))).toBe(true)
    }
  })
  test.each([1_022, 1_023, 1_024])('to its end, with an escape, a quote or a space behind %i characters', (length) => {
    const filler = 'a1B'.repeat(length).slice(0, length)
    expect(redact(`{ password: '${filler}\\'rest9' }`)).not.toContain('rest9')
    expect(redact(`/x?token=${filler}'rest9`)).not.toContain('rest9')
    expect(redact(`;Password={a ${filler} rest9};`)).not.toContain('rest9')
  })
  test.each<[where: string, text: string, result: string]>([
    ['a parameter with an encoded name', '/x?%74oken=abc&a=1', '/x?%74oken=[redacted]&a=1'],
    [
      'a URL within a URL',
      '/x?next=https%3A%2F%2Fh%2F%3Ftoken%3Dabc%26a%3D1&b=2',
      '/x?next=https%3A%2F%2Fh%2F%3Ftoken%3D[redacted]%26a%3D1&b=2',
    ],
    ['encoded twice', '?u=%252F%253Fa%253D1%2526api_key%253Dabc%2526b&c=1', '?u=%252F%253Fa%253D1%2526api_key%253D[redacted]%2526b&c=1'],
    ['a semicolon in a parameter', '/x?token=abc;def&a=1', '/x?token=[redacted]&a=1'],
    [
      'JDBC',
      'jdbc:sqlserver://h:1433;user=sa;password=s3;encrypt=true',
      'jdbc:sqlserver://h:1433;user=sa;password=[redacted];encrypt=true',
    ],
    ['a matrix parameter', '/app;jsessionid=0A1B2C?x=1', '/app;jsessionid=[redacted]'],
    ['ADO', 'Server=h;Database=d;User Id=sa;Password=a b$c;Encrypt=1', 'Server=h;Database=d;User Id=sa;Password=[redacted];Encrypt=1'],
    ['ADO, quoted', `Server=h;Pwd="a;b";Encrypt=1`, 'Server=h;Pwd=[redacted];Encrypt=1'],
    ['ADO, first', 'Password=pa55;Server=h', 'Password=[redacted];Server=h'],
    [
      'Azure Storage',
      'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=ab+c/d==;EndpointSuffix=x',
      'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=[redacted];EndpointSuffix=x',
    ],
    [
      'Service Bus',
      'Endpoint=sb://h/;SharedAccessKeyName=root;SharedAccessKey=ab/c=',
      'Endpoint=sb://h/;SharedAccessKeyName=root;SharedAccessKey=[redacted]',
    ],
    ['libpq', "host=h user=u password='a b' dbname=d", 'host=h user=u password=[redacted] dbname=d'],
    ['JAAS', 'username="u" password="p";', 'username="u" password=[redacted];'],
    ['an option', 'mc --api-key=abc --verbose', 'mc --api-key=[redacted] --verbose'],
    ['a variable', 'HOME=/root\nSTRIPE_API_KEY_2=x7Gh2\nLANG=C', 'HOME=/root\nSTRIPE_API_KEY_2=[redacted]\nLANG=C'],
    ['Oracle', 'jdbc:oracle:thin:scott/tiger5@db:1521', 'jdbc:oracle:thin:scott/[redacted]@db:1521'],
    ['Telegram', `https://api.telegram.org/bot${'123456789'}:${'A'.repeat(35)}/getMe`, 'https://api.telegram.org/bot[redacted]/getMe'],
    [
      'Discord',
      `https://discord.com/api/webhooks/${'1'.repeat(18)}/${'a'.repeat(68)}`,
      `https://discord.com/api/webhooks/${'1'.repeat(18)}/[redacted]`,
    ],
    [
      'Teams',
      `https://x.webhook.office.com/webhookb2/${'a1-'.repeat(12)}/IncomingWebhook/x`,
      'https://x.webhook.office.com/webhookb2/[redacted]',
    ],
    ['its own scheme', 'Authorization: Token x', 'Authorization: Token [redacted]'],
    ['no scheme', 'authorization: 1x', 'authorization: [redacted]'],
    ['a signed request', 'authorization: AWS4-HMAC-SHA256 Credential=AK/2, Signature=0f', 'authorization: AWS4-HMAC-SHA256 [redacted]'],
    ['a header', 'GET / x-api-key: abc, accept: */*', 'GET / x-api-key: [redacted], accept: */*'],
    ['cookies', 'Cookie: sid=abc; theme=dark', 'Cookie: [redacted]'],
    ['a cookie that is set', 'set-cookie: a=b; Path=/; HttpOnly', 'set-cookie: [redacted]'],
    ['JSON', '{"x-api-key":"a b","Cookie":"sid=1; b=2","n":1}', '{"x-api-key":"[redacted]","Cookie":"[redacted]","n":1}'],
    ['JSON in JSON', String.raw`{\"authorization\":\"Token abc\"}`, String.raw`{\"authorization\":\"Token [redacted]\"}`],
    [
      'an inspected object',
      `{ authorization: 'Token abc', 'private-token': 'x', cookie: 'a=b' }`,
      `{ authorization: 'Token [redacted]', 'private-token': '[redacted]', cookie: '[redacted]' }`,
    ],
    [
      'raw headers',
      `[ 'Host', 'h', 'X-Api-Key', 'v', 'Set-Cookie', 'a=b; Path=/' ]`,
      `[ 'Host', 'h', 'X-Api-Key', '[redacted]', 'Set-Cookie', '[redacted]' ]`,
    ],
    ['a list of values', `{ 'set-cookie': [ 'a=b; Path=/' ] }`, `{ 'set-cookie': [ '[redacted]' ] }`],
    [
      'a Map',
      `Map(1) { 'x-api-key' => 'v', 'authorization' => 'Token v' }`,
      `Map(1) { 'x-api-key' => '[redacted]', 'authorization' => 'Token [redacted]' }`,
    ],
    ['.npmrc', '//registry.example.org/:_authToken=a1b2c3d4e5', '//registry.example.org/:_authToken=[redacted]'],
    ['a form', 'client_secret=a1b2c3d4e5&grant_type=x', 'client_secret=[redacted]&grant_type=x'],
    ['an option with a space', 'psql --password a1b2c3d4e5 --host h', 'psql --password [redacted] --host h'],
    ['ADO with spaces', 'Server = h; Password = a b; X = 1', 'Server = h; Password = [redacted]; X = 1'],
    ['a member without quotes', 'apikey: a1b2c3d4e5', 'apikey: [redacted]'],
    [
      'a member',
      `{ user: 'ann', password: "it's", apiKey: 'k', n: 1 }`,
      `{ user: 'ann', password: "[redacted]", apiKey: '[redacted]', n: 1 }`,
    ],
    ['a member with all quotes', '{ password: `a\'b"c`, n: 1 }', '{ password: `[redacted]`, n: 1 }'],
    ['a member with an escape', String.raw`{ clientSecret: 'it\'s "so"', n: 1 }`, `{ clientSecret: '[redacted]', n: 1 }`],
    ['a member of JSON', '{"db":{"password":"a\\"b","user":"ann"}}', '{"db":{"password":"[redacted]","user":"ann"}}'],
    ['a member of JSON in JSON', String.raw`{\"password\":\"a\\\"b'c\",\"n\":1}`, String.raw`{\"password\":\"[redacted]\",\"n\":1}`],
    ['a member that is a number', '{ password: 12345678, pin: 1 }', '{ password: [redacted], pin: 1 }'],
    ['members of a Map', `Map(1) { 'auth_token' => 'v-1', 'n' => 1 }`, `Map(1) { 'auth_token' => '[redacted]', 'n' => 1 }`],
    ['a list of members', `{ apiKeys: [ 'a', 'b' ], n: 1 }`, `{ apiKeys: [ '[redacted]' ], n: 1 }`],
    ['a member of a class', `Settings { db: { pwd: 'x-1' }, token: 'x-2' }`, `Settings { db: { pwd: '[redacted]' }, token: '[redacted]' }`],
    ['YAML', 'db:\n  password: "x"\n  user: ann', 'db:\n  password: "[redacted]"\n  user: ann'],
    ['curl', 'curl -s -u ann:open https://h', 'curl -s -u ann:[redacted] https://h'],
    ['a proxy of curl', `curl --proxy-user 'ann:o p' https://h`, `curl --proxy-user 'ann:[redacted] p' https://h`],
    ['another that takes a user', 'http-get --user ann:x1-2 h', 'http-get --user ann:[redacted] h'],
    ['mysql', 'mysqldump -h h -uroot -ps3 shop', 'mysqldump -h h -uroot -p[redacted] shop'],
    ['sshpass', 'sshpass -p s3 ssh h', 'sshpass -p [redacted] ssh h'],
    ['docker', 'docker login -u ann -p s3 r', 'docker login -u ann -p [redacted] r'],
    ['redis', 'redis-cli -h h -a s3 ping', 'redis-cli -h h -a [redacted] ping'],
    ['LDAP', 'ldapsearch -x -D cn=a -w s3', 'ldapsearch -x -D cn=a -w [redacted]'],
    ['SQL Server', 'sqlcmd -S h -U sa -P s3', 'sqlcmd -S h -U sa -P [redacted]'],
  ])('%s', (_where, text, result) => {
    expect(redact(text)).toBe(result)
    expect(redact(result)).toBe(result)
  })

  test('members of metadata that are headers', () => {
    expect(redactValue({ headers: { 'x-api-key': 'v', authorization: 'v', accept: 'v' } })).toEqual({
      headers: { 'x-api-key': '[redacted]', authorization: '[redacted]', accept: 'v' },
    })
  })

  test('members of metadata that are named like a secret', () => {
    const metadata = {
      db: { user: 'ann', password: 'a', pin: 12 },
      apiKeys: ['a', 'b'],
      tokens: 1530,
      token: 'the',
      nextPageToken: 'Cx8-1',
    }
    expect(redactValue(metadata)).toEqual({ ...metadata, db: { ...metadata.db, password: '[redacted]' }, apiKeys: '[redacted]' })
    expect(redactValue({ password: 12345678, authToken: 'v-1' })).toEqual({ password: '[redacted]', authToken: '[redacted]' })
  })
})

test.each([
  'API_KEY_NAME=orders',
  'PRIMARY_KEY=customer_id',
  'PATH=/usr/bin:/bin',
  'PWD=/home/ann',
  'PATTERN=a.*b',
  'COMPASS=north-by-northwest-2',
  'PASSTHROUGH=true',
  'KEYBOARD=us',
  'TOKENIZERS_PARALLELISM=false',
  'SORT_KEYS=created_at DESC',
  'max_tokens: 4000, tokens=153, prompt_tokens=12',
  'https://h/search?page=2&author=x&primary_key=id;sort=asc',
  'The password is stored by the server; a token is not. Cookies: none.',
  'SELECT token, password FROM users WHERE id = 1; UPDATE t SET key = 2',
  "const password = secret('DB_PASSWORD')",
  "headers: { 'x-api-key': key, authorization }",
  'cache-key: orders-2026, idempotency-key: 12, partition-key: day',
  'Authorization: see the guide',
  'Authorization: Bearer <token>, x-api-key: $KEY, ?token=<token>',
  'text/html; charset=utf-8; boundary=x',
  'cookie: chocolate',
  "const settings = { url, apiKey: secret('SHOP_KEY'), collection }",
  'const { apiKey: _, ...rest } = settings',
  'if (headers.authorization === undefined) return',
  'const key = apiKey?.isSet ? apiKey : undefined',
  'secret: for bearer authentication',
  'open(token=token, client_secret=client_secret)',
  "{ token: 'the', score: 0.1, pos: 'DT' }",
  '{"prompt_tokens":12,"completion_tokens":153,"token_count":"4"}',
  "{ nextPageToken: 'CAUQAA-x1', cacheKey: 'orders-1', assetKey: 'shop/orders-2', publicKey: 'x1-2' }",
  "{ credentials: 'include', auth: 'none', keys: [ 'a-1', 'b-2' ] }",
  '| `HEADERS` | secret: `name=value,name=value`, for the key',
  'docker run -u 1000:1000 -p 8080:80 image; ssh -p 22 h; mkdir -p a/b; chown -R ann:ann .',
  'rsync -a src dst; ls -a; docker run --user node:node x; pip -p x1',
  "const password: string = read('x'); function f(token: Token, key: 'a' | 'b')",
  'pass --token and --password, or --password-file none',
])('ordinary text stays as it is: %s', (text) => {
  expect(redact(text)).toBe(text)
})

describe('whatever the value is, and however it is printed', () => {
  const names = ['password', 'db_password', 'clientSecret', 'api-key', 'apiKey', 'private_key', 'x-api-key', 'authToken', 'access_token']
  const ways: { readonly [way: string]: (name: string, value: string) => string } = {
    inspected: (name, value) => inspect({ user: 'ann', [name]: value, n: 1 }, { breakLength: Number.POSITIVE_INFINITY }),
    'inspected below others': (name, value) => inspect({ a: [{ b: { [name]: value } }] }, { depth: 9 }),
    'inspected in a Map': (name, value) => inspect(new Map([[name, value]])),
    JSON: (name, value) => JSON.stringify({ user: 'ann', [name]: value, n: 1 }),
    'JSON on lines': (name, value) => JSON.stringify([{ [name]: value }], null, 2),
    'JSON in JSON': (name, value) => JSON.stringify({ body: JSON.stringify({ [name]: value, n: 1 }) }),
    metadata: (name, value) => JSON.stringify(redactValue({ a: [{ [name]: value }] })),
    'a query': (name, value) => `GET /x?a=1&${name}=${encodeURIComponent(value)}&b=2`,
    'a query within a query': (name, value) => `/x?next=${encodeURIComponent(`https://h/?${name}=${encodeURIComponent(value)}`)}&b=2`,
  }
  const secretText = fc.stringMatching(
    /^[A-Za-z0-9"'`+/=!@#$&;,: -]{0,20}[a-z][0-9][A-Za-z][A-Za-z0-9]{6}[A-Za-z0-9"'`+/=!@#$&;,: -]{0,20}$/,
  )
  test('a value that looks like a path of Windows once its quote is escaped', () => {
    const text = JSON.stringify({ access_token: 'A:"a0AAaAaaa' })
    expect(redact(text)).toBe('{"access_token":"[redacted]"}')
    expect(redact(JSON.stringify({ body: text }))).not.toContain('a0AAaAaaa')
  })
  test.each(Object.entries(ways))('%s', (_way, print) => {
    fc.assert(
      fc.property(fc.constantFrom(...names), secretText, (name, value) => {
        const [core = ''] = /[a-z][0-9][A-Za-z][A-Za-z0-9]{6}/.exec(value) ?? []
        fc.pre(!(/token$/i.test(name) && isCommonplace(value)))
        fc.pre(!/^(?:[<$*…]|\{\{|\.\.\.)/.test(value))
        expect(redact(print(name, value))).not.toContain(core)
      }),
      { numRuns: 300 },
    )
  })
})
