/** Which variables of the environment count as secrets without being declared. */

/** Words that end the name of a secret. `PASSWORD` counts wherever it stands. */
const endings =
  'KEY|KEYS|KEY_ID|APIKEY|TOKEN|TOKENS|SECRET|SECRETS|PASSWD|PASSPHRASE|PASS|PWD|DSN|CREDENTIAL|CREDENTIALS|CREDS|AUTH|AUTHORIZATION|COOKIE|JWT|BEARER|PAT|CONNECTION_STRING|CONN_STR'
const secretName = new RegExp(`PASSWORD|(?:^|_)(?:${endings})$|(?:API|ACCESS|SECRET|PRIVATE)KEY$|^PG(?:PASS)|[A-Z0-9](?:TOKEN|SECRET)$`)

/** Names that end as keys do of which most are not secret: the sort key of a table, the public key of a pair. */
const weakName = /(?:^|_)(?:KEYS?|KEY_ID|AUTH|PASS|PWD)$/

/** Whether a variable, a field or a setting of that name holds a secret, in any style: `API_TOKEN`, `apiToken`, `api-token`. */
export function isNamedLikeSecret(name: string): boolean {
  return secretName.test(base(name))
}

/** A name without what tells several of its kind apart, as in `API_KEY_2`, `API_TOKEN_PROD` and `SECRET_KEY_BASE`. */
function base(name: string): string {
  return upperSnake(name).replace(suffix, '')
}

const suffix =
  /(?:_?\d{1,3}|_(?:PROD|PRODUCTION|LIVE|DEV|DEVELOPMENT|STAGING|STAGE|TEST|QA|CI|LOCAL|BASE|MAIN|PRIMARY|SECONDARY|BACKUP|OLD|NEW|PREVIOUS|NEXT|DEFAULT|RO|RW))$/

function upperSnake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[-. ]/g, '_')
    .toUpperCase()
}

const commonplace: readonly RegExp[] = [
  /^(?:true|false|yes|no|on|off|null|none|undefined|enabled|disabled|default|required|optional)$/i,
  /^[a-z]{1,16}$|^[A-Z]{1,16}$|^[A-Z][a-z]{1,15}$/, // a word
  /^[+-]?[\d_.,:]{1,15}$/, // a number, a version, a time, an address
  /^\d{4}-\d\d-\d\d(?:[T ][\d:.+Z-]*)?$/,
  /^(?:~|\.{1,2})?\/[^:@\s]*$|^[A-Za-z]:[\\/](?!\\*["'`])|^\.{1,2}$/, // a path
  /^[\w.-]+\/[\w./-]+\.(?:json|pem|key|crt|cert|pub|txt|ya?ml|env|toml)$/, // the path of a file
  /^[a-z][a-z0-9+.-]*:\/\/[^\s@?#/]*(?:\/[^\s?#]*)?$/i, // an address without user and query
  /^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/, // a mail address
  /^(?:localhost|(?:[a-z0-9-]+\.)+[a-z]{2,}|[a-z0-9-]+)(?::\d{1,5})$/i, // a host with its port
  /^(?:localhost|(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|local|internal|svc))$/i,
  /^(?:\$\{?\w+\}?|<[^>]*>|\*+|x+|\.+|[-_]+)$/i, // a placeholder
  /^(?:change[-_ ]?me|example|placeholder|replace[-_ ]?me|your[-_ ].*|not[-_ ]set|todo|dummy|test(?:ing)?[-_ ]?\w{0,8})$/i,
]

/** Several words, as in `order_id` or `service-account`. Passphrases are made so as well. */
const words = /^[a-z]+(?:[_\s.:,-]+[a-z]+)*$|^[A-Z]+(?:[_\s-]+[A-Z]+)*$/

/** Names and numbers of things, as the key of a file or of a table has them: `exports/2026/orders_v2.parquet`. Few keys that are secret are made so. */
const thing = /^[A-Za-z]+\d{0,2}(?:[_\s.:,/|-]+(?:[A-Za-z]+\d{0,2}|\d{1,4}))*$/

/** The folder that a shell is in, which may be called anything. */
const folderVariable = /^(?:OLD)?PWD$/

/** Whether a value is so common that taking it out would take out ordinary text: words, numbers, paths, hosts, addresses without a password. */
export function isCommonplace(value: string): boolean {
  return words.test(value) || commonplace.some((pattern) => pattern.test(value))
}

/** A URL with user info, whatever the variable is called. */
const urlWithUser = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#]*:(?!\d{1,5}(?:[/?#]|$))[^\s]*@/i

/** A connection string or a signed URL: a list of settings with a password, a key or a signature among them. */
const settingsWithSecret =
  /(?:^|[;?&\s])(?:password|passwd|pwd|accountkey|sharedaccess(?:key|signature)|(?:x-(?:amz|goog)-)?sig(?:nature)?)=[^;&\s]/i

/** Names the rule is narrowed or extended by, in the environment or `.env`: see docs/guide/secrets.md. */
export const ruleVariable = 'DAGMA_SECRETS'

/** Whether a variable that nobody declared counts as a secret, by its name and value and by {@link ruleVariable}. */
export function countsAsSecret(name: string, value: string, rule: string): boolean {
  if (name === ruleVariable) return false
  if (folderVariable.test(name) && value.startsWith('/')) return false
  const entries = rule.split(/[\s,]+/).filter((entry) => entry !== '')
  const last = entries.findLast((entry) => globOf(entry.replace(/^!/, '')).test(name))
  if (last !== undefined) return !last.startsWith('!')
  if (urlWithUser.test(value) || settingsWithSecret.test(value)) return true
  if (!isNamedLikeSecret(name)) return false
  if (commonplace.some((pattern) => pattern.test(value))) return false
  return !(weakName.test(base(name)) && (words.test(value) || thing.test(value)))
}

function globOf(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i')
}
