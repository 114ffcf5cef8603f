/**
 * Secrets that a text itself calls so: a name, a separator, a value. Parameters of URLs (of encoded URLs within others too), settings in connection
 * strings, variables and options, and headers: alone, as members of an object, and as pairs in a list.
 */
import { redacted } from './mark.ts'
import { countsAsSecret } from './secret-names.ts'

/**
 * Names that hold a secret. From the names in the rule `generic-api-key` of gitleaks (github.com/gitleaks/gitleaks, config/gitleaks.toml), the parameters
 * that OpenTelemetry's conventions for `url.query` leave out, and those of OAuth 2.0 (RFC 6749) and OpenID Connect.
 */
const secretEnding =
  /(?:token|secret|passw(?:or)?d|passphrase|signature|credentials?|creds|apikey|access(?:signature|key(?:id)?)|(?:secret|private|subscription|functions|account|license|client|app|auth|sas|signing|master|admin)key|sess(?:ion)?id|jwt|assertion)$/
/** Names that hold one in a URL, and mean too much elsewhere. */
const secretInUrl =
  /^(?:x?auth(?:orization)?|key|xkey|pass|pwd|sig|code|authcode|authorizationcode|session|sid|hmac|otp|ticket|bearer|codeverifier|securitytoken|userkey)$/

/** What is written where a value belongs, such as `<token>`, `$TOKEN`, `{{ token }}` and `***`, or has been cut. */
const placeholder = /^(?:[<$*…]|\{\{|\.\.\.|%[({]|\[redacted)/

/** A kind of place in which a value follows its name. */
interface Place {
  /** Without it a text has no such place: most texts need not be checked more closely. */
  readonly hint: RegExp
  /** The name and what stands between it and the value. What it matches has a longest form, so that the search takes time in proportion to the text. */
  readonly head: RegExp
  /** What the value looks like after that head; undefined when the name says nothing of a secret. */
  readonly value: (head: RegExpExecArray) => RegExp | undefined
  /** Whether the value may be one; by default every value is. */
  readonly isSecret?: (head: RegExpExecArray, value: string) => boolean
}

const parameter = /[^&#\s"'<>\\]+/y
const encodedParameter = /(?:(?!%(?:25){0,3}(?:26|23))[^&#\s"'<>\\])+/iy
const setting = /"[^"\r\n]*"|'[^'\r\n]*'|\{[^}\r\n]*\}|[^;"'\r\n<>]{1,256}(?=;)|[^;\s"'<>\\]+/y
const formField = /[\w.~+/%=!@$*^:-]+/y
const quoted = /[^"'`\\\r\n]+/y
const word = /[^\s"'`,;<>)\]}]+/y
const line = /[^"'`\r\n]+/y

/** What may stand between the name of a header and its value: a quote that ends the name, a separator, a quote that begins the value. */
const between = String.raw`(\\{0,3}["'${'`'}])?\s{0,3}(=>|=(?!=)|[:,])\s{0,16}(?:\[\s{0,16}(?=\\{0,3}["'${'`'}]))?(\\{0,3}["'${'`'}])?`

/** Members of objects and pairs of lists have a quote before the value; a header by itself has none at all. */
function headerValue(
  nameQuote: string | undefined,
  separator: string | undefined,
  quote: string | undefined,
  plain: RegExp,
): RegExp | undefined {
  if (quote !== undefined) return separator === ',' && nameQuote === undefined ? undefined : quoted
  return nameQuote === undefined && separator !== ',' ? plain : undefined
}

const places: readonly Place[] = [
  {
    // ?token=…, &amp;token=…, #token=…, and %3Ftoken%3D… in a URL that is the parameter of another
    hint: /=|%(?:25){0,3}3D/i,
    head: /([?&#]|%(?:25){0,3}(?:3F|26|23))(?:amp;)?((?:[\w.[\]-]|%[0-9A-F]{2}){1,64}?)(=|%(?:25){0,3}3D)/gi,
    value: ([, before = '', name = '', equals = '']) => {
      const plain = simple(decoded(name))
      if (!secretEnding.test(plain) && !secretInUrl.test(plain)) return undefined
      return before.length + equals.length > 2 ? encodedParameter : parameter
    },
  },
  {
    // ;jsessionid=…, Server=db;Password=…
    hint: /;[^=]{0,64}=/,
    head: /;\s?([A-Za-z](?:[\w -]{0,40}\w)?)=/g,
    value: ([, name = '']) => (secretEnding.test(simple(name)) || /^(?:pass|pwd|sig)$/i.test(name) ? setting : undefined),
  },
  {
    // Password=…;Server=db, host=db password=…, --api-key=…
    hint: /(?:passw(?:or)?d|token|secret|key|signature)=/i,
    head: /(?<![\w?&#;%.])(?:--([a-z][\w-]{0,40})|(?:[A-Za-z0-9]{1,24}[_-]){0,4}(?:password|passwd)|AccountKey|SharedAccess(?:Key|Signature))=(?!=)/gi,
    value: ([, option]) => (option === undefined || secretEnding.test(simple(option)) ? setting : undefined),
  },
  {
    // access_token=…, :_authToken=…, bindpw=…, where source code has a name and settings have a number
    hint: /(?:token|secret|apikey|api_key|access_key|passphrase|pw|pwd)=/i,
    head: /(?<![\w?&#;%.-])(_?[a-z](?:[A-Za-z0-9_-]{0,40}(?:token|secret|key|passphrase)|[a-z_]{0,8}pwd?)|token|secret)=(?!=)/gi,
    value: ([, name = '']) => (secretEnding.test(simple(name)) || /^(?:bind|db|user)?_?pwd?$/i.test(name) ? formField : undefined),
    isSecret: (_head, value) => value.length >= 8 && /\d/.test(value) && /[a-z]/i.test(value),
  },
  {
    // --password …, Password = …; as options and connection strings have them
    hint: /--[a-z]|password\s=/i,
    head: /(?<![\w-])(?:--([a-z][\w-]{0,40})\s|(?<=;\s{0,2})(?:password|pwd|accountkey|sharedaccesskey)\s?=\s)/gi,
    value: ([, option]) => (option === undefined ? setting : secretEnding.test(simple(option)) ? formField : undefined),
    isSecret: ([, option], value) => option === undefined || (value.length >= 8 && /\d/.test(value) && /[a-z]/i.test(value)),
  },
  {
    // API_TOKEN=…, as the command `env` prints it
    hint: /[A-Z]=/,
    head: /(?<![\w?&#;%.-])([A-Z][A-Z0-9_]{2,64})=/g,
    value: () => setting,
    isSecret: ([, name = ''], value) => countsAsSecret(name, value, ''),
  },
  {
    // authorization: Token …; the scheme stays
    hint: /authorization/i,
    head: new RegExp(
      String.raw`(?<![\w-])(?:proxy-)?authorization${between}(?:(basic|bearer|token|apikey|api-key|key|bot|ssws|negotiate|ntlm|sharedkey|digest|hawk|oauth|hmac|aws4-[\w-]{1,24})\s{1,16})?`,
      'gi',
    ),
    value: ([, nameQuote, separator, quote, scheme = '']) =>
      headerValue(nameQuote, separator, quote, /^(?:digest|hawk|oauth|hmac|aws4)/i.test(scheme) ? line : word),
    isSecret: ([, , , quote, scheme], value) => quote !== undefined || scheme !== undefined || !/^[A-Za-z]+$/.test(value),
  },
  {
    // x-api-key: …, 'private-token': '…'
    hint: /api-?key|-(?:key|token|secret|signature|password)/i,
    head: new RegExp(String.raw`(?<![\w-])(apikey|[a-z0-9]{1,24}(?:-[a-z0-9]{1,24}){1,5})${between}`, 'gi'),
    value: ([, name = '', nameQuote, separator, quote]) =>
      secretEnding.test(simple(name)) ? headerValue(nameQuote, separator, quote, word) : undefined,
    // a member of an object in source code is followed by the name of another
    isSecret: ([, name = '', , , quote], value) => quote !== undefined || name.includes('-') || (value.length >= 8 && /\d/.test(value)),
  },
  {
    // cookie: a=…; b=…
    hint: /cookie/i,
    head: new RegExp(String.raw`(?<![\w-])(?:set-)?cookie2?${between}(?=[\w.-]{1,64}=)`, 'gi'),
    value: ([, nameQuote, separator, quote]) => headerValue(nameQuote, separator, quote, line),
  },
]

/** `text` without the values that it calls secret. */
export function cutNamedValues(text: string): string {
  return places.reduce((result, place) => (place.hint.test(result) ? cutPlaces(result, place) : result), text)
}

/** Whether a header of that name holds a secret, as `authorization` does. */
export function isSecretHeader(name: string): boolean {
  return /^(?:(?:proxy-)?authorization|(?:set-)?cookie2?)$/i.test(name) || (name.includes('-') && secretEnding.test(simple(name)))
}

function cutPlaces(text: string, { head, value, isSecret }: Place): string {
  let result = ''
  let copied = 0
  head.lastIndex = 0
  for (let found = head.exec(text); found !== null; found = head.exec(text)) {
    const start = head.lastIndex
    const pattern = value(found)
    if (pattern === undefined) continue
    pattern.lastIndex = start
    const [secret = ''] = pattern.exec(text) ?? []
    if (secret === '' || placeholder.test(secret) || isSecret?.(found, secret) === false) continue
    result += text.slice(copied, start) + redacted
    copied = start + secret.length
    head.lastIndex = copied
  }
  return result + text.slice(copied)
}

function simple(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, '').toLowerCase()
}

function decoded(name: string): string {
  if (!name.includes('%')) return name
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
