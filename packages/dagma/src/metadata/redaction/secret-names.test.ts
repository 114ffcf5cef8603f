import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { innerSecrets } from './inner-secrets.ts'
import { countsAsSecret, isCommonplace } from './secret-names.ts'

const value = 'aB3dE5gH7jK9mN'

describe('a variable that nobody declared', () => {
  test.each([
    'API_TOKEN',
    'TOKEN',
    'STRIPE_KEY',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_ACCESS_KEY_ID',
    'NPM_CONFIG_PASSWORD_FILE2',
    'PGPASSWORD',
    'MYSQL_PWD',
    'SENTRY_DSN',
    'GOOGLE_CREDENTIALS',
    'SESSION_COOKIE',
    'STORAGE_CONNECTION_STRING',
    'api_token',
    'GITHUBTOKEN',
    'APIKEY',
    'API_KEY_2',
    'API_TOKEN_PROD',
    'DB_PASS2',
    'SECRET_KEY_BASE',
    'GH_PAT',
    'GITHUB_PAT',
    'StripeKeyLive',
  ])('counts as a secret when it is called %s', (name) => {
    expect(countsAsSecret(name, value, '')).toBe(true)
  })

  test.each([
    'HOME',
    'MONKEY',
    'KEYBOARD',
    'TOKENIZERS_PARALLELISM',
    'SHOP_URL',
    'PATH',
    'AUTHOR',
    'PASSENGER',
    'KEYCLOAK_HOST',
    'API_KEY_NAME',
    'PATTERN',
    'COMPASS',
    'TOKEN_COUNT',
  ])('does not when it is called %s', (name) => {
    expect(countsAsSecret(name, value, '')).toBe(false)
  })

  test.each([
    'true',
    'localhost',
    'development',
    '8080',
    '2026-11-28',
    '/run/secrets/key',
    './certs/server.pem',
    'C:\\keys\\server.pem',
    'https://example.com/oauth/token',
    'http://localhost:3000/@scope/package',
    'ann@example.com',
    'db.internal:5432',
    'change-me',
    'your-api-key-here',
    '$' + '{TOKEN}',
  ])('does not with the common value %s', (common) => {
    expect(countsAsSecret('API_TOKEN', common, '')).toBe(false)
  })

  test.each([
    'Server=h;User Id=u;Password=aB3dE5gH7;',
    'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=aB3dE5gH7==',
    'Endpoint=sb://h/;SharedAccessKeyName=root;SharedAccessKey=aB3dE5gH7=',
    'host=h user=u password=aB3dE5gH7',
    'jdbc:sqlserver://h;user=u;password=aB3dE5gH7',
    'https://a/x?sv=2024&sig=aB3dE5gH7',
    'https://b/x?X-Amz-Date=2&X-Amz-Signature=aB3dE5gH7',
  ])('counts, whatever it is called, with the value %s', (value) => {
    expect(countsAsSecret('STORAGE', value, '')).toBe(true)
    expect(innerSecrets(value).some((part) => /^aB3dE5gH7=*$/.test(part))).toBe(true)
  })

  test('with several words counts by a name that says secret, not by one that ends as keys of tables do', () => {
    expect(countsAsSecret('DB_PASSWORD', 'correct-horse-battery', '')).toBe(true)
    expect(countsAsSecret('SORT_KEY', 'created_at_desc', '')).toBe(false)
  })

  test.each([
    'sales_eu_v2',
    'order-2026-11',
    'exports/2026/orders.parquet',
    'europe|2026-01-01',
    'orders.created_at DESC',
    'scram-sha-256',
  ])('does not with the name of a thing under a name that ends as keys of tables do: %s', (thing) => {
    expect(countsAsSecret('DATASET_KEY', thing, '')).toBe(false)
  })

  test('does not as the folder that a shell is in, whatever it is called', () => {
    for (const name of ['PWD', 'OLDPWD']) expect(countsAsSecret(name, '/home/ann/My Project @work/a:b', '')).toBe(false)
    expect(countsAsSecret('MYSQL_PWD', '/home/ann/My Project', '')).toBe(true)
  })

  test('counts whatever it is called with a password in a URL', () => {
    expect(countsAsSecret('DATABASE_URL', 'postgres://ann:pa55word@db/x', '')).toBe(true)
    expect(countsAsSecret('DATABASE_URL', 'postgres://db/x', '')).toBe(false)
  })

  test('counts by DAGMA_SECRETS, of which the last entry that fits decides', () => {
    expect(countsAsSecret('PAYROLL_PIN', value, 'PAYROLL_*')).toBe(true)
    expect(countsAsSecret('PAYROLL_PIN', value, 'PAYROLL_*, !*_PIN')).toBe(false)
    expect(countsAsSecret('API_TOKEN', value, '!*')).toBe(false)
    expect(countsAsSecret('API_TOKEN', value, '!* API_TOKEN')).toBe(true)
    expect(countsAsSecret('DAGMA_SECRETS', 'PAYROLL_*,!*', 'PAYROLL_*')).toBe(false)
  })

  test('is decided for any name, value and rule', () => {
    fc.assert(fc.property(fc.string(), fc.string(), fc.string(), (name, any, rule) => typeof countsAsSecret(name, any, rule) === 'boolean'))
  })
})

test('a random key is not a common value', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 32 }), (bytes) => {
      fc.pre(new Set(bytes).size > 8)
      expect(isCommonplace(Buffer.from(bytes).toString('hex'))).toBe(false)
      expect(isCommonplace(Buffer.from(bytes).toString('base64url'))).toBe(false)
    }),
  )
})
