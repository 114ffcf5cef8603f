/**
 * Secrets that a text itself calls so: a name, a separator, a value. Parameters of URLs (of encoded URLs within others too), settings in connection
 * strings, variables and options, and headers: alone, as members of an object, and as pairs in a list.
 */
import { redacted } from './mark.ts'
import { countsAsSecret, isCommonplace } from './secret-names.ts'

/**
 * Names that hold a secret. From the names in the rule `generic-api-key` of gitleaks (github.com/gitleaks/gitleaks, config/gitleaks.toml), the parameters
 * that OpenTelemetry's conventions for `url.query` leave out, and those of OAuth 2.0 (RFC 6749) and OpenID Connect.
 */
const secretEnding =
  /(?:token|secret|passw(?:or)?d|passphrase|signature|credentials?|creds|apikey|access(?:signature|key(?:id)?)|(?:secret|private|subscription|functions|account|license|client|app|auth|sas|signing|master|admin)key|sess(?:ion)?id|jwt|assertion)$/
/** Names that hold one in a URL, and mean too much elsewhere. */
const secretInUrl =
  /^(?:x?auth(?:orization)?|key|xkey|pass|pwd|sig|code|authcode|authorizationcode|session|sid|hmac|otp|ticket|bearer|codeverifier|securitytoken|userkey)$/

/** Names of members that hold one whatever their value is, and those that mean too much else: then the value must not be an ordinary word or number. */
const secretMember =
  /(?:passw(?:or)?d|passphrase|secret|apikey|(?:access|secret|private|subscription|account|client|signing|master|admin|encryption)key)s?$/
const maybeSecretMember =
  /(?:token|credentials?|creds|jwt|assertion|sess(?:ion)?id|accesskeyid|(?:license|app|auth|sas)key)s?$|^(?:auth|pass|pwd|dsn|connectionstring)$/
/** Tokens that say where to continue, not who may. */
const position = /(?:next|page|continuation|sync|delta|cursor|resume|skip|cancel(?:lation)?)tokens?$/

/** Placeholders of a value, such as `<token>`, `$TOKEN`, `{{ token }}` and `***`, and values that were cut. */
const placeholder = /^(?:[<$*…]|\{\{|\.\.\.|%[({]|\[redacted)/

/** A kind of place in which a value follows its name. */
interface Place {
  /** Without it a text has no such place: most texts need not be checked more closely. */
  readonly hint: RegExp
  /**
   * The name and what is between it and the value; where names are common it begins at the separator, and looks back. What it matches has a longest
   * form, so that the search takes time in proportion to the text.
   */
  readonly head: RegExp
  /** The pattern of the value after that head; undefined if the name does not suggest a secret. */
  readonly value: (head: RegExpExecArray) => RegExp | undefined
  /** Whether the value may be one; by default every value is. */
  readonly isSecret?: (head: RegExpExecArray, value: string) => boolean
}

// a single quote is one of a value that continues after it, and otherwise ends the URL
const parameter = /(?:[^&#\s"'<>\\]|'{1,8}(?=[\w%.~!*(-]))+/y
/** By how often what separates it from the next is encoded, beyond once: what is encoded more often is part of the value. */
const encodedParameters = [0, 1, 2, 3].map(
  (times) => new RegExp(String.raw`(?:(?!%(?:25){0,${times}}(?:26|23))[^&#\s"'<>\\]|'{1,8}(?=[\w%.~!*(-]))+`, 'iy'),
)
const setting = /"[^"\r\n]*"|'[^'\r\n]*'|\{[^}\r\n]{0,4096}\}|[^;"'\r\n<>]{1,256}(?=;)|[^;\s"'<>\\]+/y
const formField = /[\w.~+/%=!@$*^:-]+/y
/** Text in quotes, by its opening quote: other quotes belong to it, and so does its own after a backslash. */
const quoted: { readonly [quote: string]: RegExp } = {
  '"': /(?:[^"\\\r\n]|\\.)+/y,
  "'": /(?:[^'\\\r\n]|\\.)+/y,
  '`': /(?:[^`\\\r\n]|\\.)+/y,
  '\\"': /(?:[^"\\\r\n]|\\\\(?:\\.|[^\\]))+/y,
}
const inNestedQuotes = /[^"'`\\\r\n]+/y
const listed = /(?:[^\]\r\n"'`]|["'`](?!\s?\]))+/y
const digits = /\d+/y
const word = /[^\s"'`,;<>)\]}]+/y
const line = /[^"'`\r\n]+/y

/** The text between the name of a header and its value: a quote that ends the name, a separator, a quote that begins the value. */
const between = String.raw`(\\{0,3}["'${'`'}])?\s{0,3}(=>|=(?!=)|[:,])\s{0,16}(?:\[\s{0,16}(?=\\{0,3}["'${'`'}]))?(\\{0,3}["'${'`'}])?`

/** Members of objects and pairs of lists have a quote before the value; a header by itself has none at all. */
function headerValue(
  nameQuote: string | undefined,
  separator: string | undefined,
  quote: string | undefined,
  plain: RegExp,
): RegExp | undefined {
  if (quote !== undefined) return separator === ',' && nameQuote === undefined ? undefined : (quoted[quote] ?? inNestedQuotes)
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
      return before.length + equals.length > 2 ? encodedParameters[Math.max(0, (equals.length - 3) / 2)] : parameter
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
    hint: /=(?<=(?:passw(?:or)?d|token|secret|key|signature)=)/i,
    head: /=(?!=)(?<=(?<![\w?&#;%.])(?:--([a-z][\w-]{0,40})|(?:[A-Za-z0-9]{1,24}[_-]){0,4}(?:password|passwd)|AccountKey|SharedAccess(?:Key|Signature))=)/gi,
    value: ([, option]) => (option === undefined || secretEnding.test(simple(option)) ? setting : undefined),
  },
  {
    // access_token=…, :_authToken=…, bindpw=…, where source code has a name and settings have a number
    hint: /=(?<=(?:token|secret|key|passphrase|pw|pwd)=)/i,
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
    hint: /=(?<=[A-Z]=)/,
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
    head: new RegExp(
      String.raw`(=>|=(?!=)|[:,])(?<=(?<![\w-])((?:[a-z0-9]{1,24}-){1,5}[a-z0-9]{1,24}(?<=key|token|secret|signature|password|passphrase|creds|credentials?|id|jwt|assertion)|apikey)(\\{0,3}["'${'`'}])?\s{0,3}(?:=>|[=:,]))\s{0,16}(?:\[\s{0,16}(?=\\{0,3}["'${'`'}]))?(\\{0,3}["'${'`'}])?`,
      'gi',
    ),
    value: ([, separator, name = '', nameQuote, quote]) =>
      secretEnding.test(simple(name)) ? headerValue(nameQuote, separator, quote, word) : undefined,
    // a member of an object in source code is followed by the name of another
    isSecret: ([, , name = '', , quote], value) => quote !== undefined || name.includes('-') || (value.length >= 8 && /\d/.test(value)),
  },
  {
    // { password: '…', "apiKey": "…" }, Map { 'token' => '…' }, { password: 12345678 }
    hint: /[:>]\s{0,16}[\\"'`[\d]/,
    // begins at the separator, of which there are few, and looks back for the name
    head: new RegExp(
      String.raw`(?:=>|:)(?<=(?<![\w$.-])([a-z_$][\w$.-]{0,63}(?<=token|secret|key|passw(?:or)?d|passphrase|cred(?:ential)?|jwt|assertion|sess(?:ion)?[_-]?id|key[_-]?id|auth|pass|pwd|dsn|string|s))(\\{0,3}["'${'`'}])?\s{0,3}(?:=>|:))\s{0,16}(?:(\[)\s{0,16}(?=\\{0,3}["'${'`'}]))?(?:(\\{0,3}["'${'`'}])|(?=\d))`,
      'gi',
    ),
    value: ([, name = '', , list, quote]) => {
      const plain = simple(name)
      if (!secretMember.test(plain) && !maybeSecretMember.test(plain)) return undefined
      if (list !== undefined) return plain.endsWith('s') ? listed : undefined
      return quote === undefined ? digits : (quoted[quote] ?? inNestedQuotes)
    },
    // Node inspects by backticks only what has both other quotes; prose has code in them
    isSecret: ([, name = '', , , quote], value) => (quote !== '`' || /'.*"|".*'/.test(value)) && isSecretMember(name, value),
  },
  {
    // curl -u ann:…, --proxy-user ann:…
    hint: /-(?:u|-(?:proxy-)?user)/i,
    head: /(?<=\s)(?:-u[ =]?|--(?:proxy-)?user[ =])["']?(?!\d+:\d+(?:\s|$))[^\s:"'=/]{1,64}:/gi,
    value: () => /[^\s"']+/y,
    isSecret: (head, value) =>
      !isCommonplace(value) || /\b(?:curl|wget|http)\b/.test(head.input.slice(Math.max(0, head.index - 256), head.index)),
  },
  {
    // mysql -p…, sshpass -p …, docker login -p …, redis-cli -a …, ldapsearch -w …, sqlcmd -P …
    hint: /\s-[aApPw]/,
    head: new RegExp(
      [
        '(?:mysql|mariadb)\\w{0,8} => -p',
        'sshpass => -p\\s?',
        '(?:docker|podman|az|registry) login => -p\\s',
        'mongo\\w{0,8} => -p\\s',
        'redis-cli => -a\\s',
        'ldap\\w{2,8} => -[wW]\\s',
        '(?:sqlcmd|bcp) => -P\\s?',
      ]
        .map((form) => form.split(' => '))
        .map(([program, option]) => `(?<=\\b${program}\\s(?:[^\\n;|]{0,256}\\s)?)${option}(?=[^\\s-])["']?`)
        .join('|'),
      'g',
    ),
    value: () => /[^\s"']+/y,
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

/** Whether a member of that name and value holds a secret: a header as `authorization` does, a `password`, or an `authToken` that is not an ordinary word. */
export function isSecretMember(name: string, value: string): boolean {
  if (isSecretHeader(name)) return true
  const plain = simple(name)
  if (placeholder.test(value) || /^\d{1,3}$/.test(value)) return false
  if (secretMember.test(plain)) return true
  return maybeSecretMember.test(plain) && !position.test(plain) && !(value.length <= 256 && isCommonplace(value))
}

function isSecretHeader(name: string): boolean {
  return /^(?:(?:proxy-)?authorization|(?:set-)?cookie2?)$/i.test(name) || (name.includes('-') && secretEnding.test(simple(name)))
}

/**
 * How much of a value says whether it is a secret, in characters. What is not one may hold the next name and value, up to the end of a long text: each is
 * judged by its beginning, and only what is cut out is measured to its end.
 */
const judged = 1024

function valueAt(text: string, start: number, pattern: RegExp): string {
  pattern.lastIndex = start
  return pattern.exec(text)?.[0] ?? ''
}

function cutPlaces(text: string, { head, value, isSecret }: Place): string {
  let result = ''
  let copied = 0
  head.lastIndex = 0
  for (let found = head.exec(text); found !== null; found = head.exec(text)) {
    const start = head.lastIndex
    const pattern = value(found)
    if (pattern === undefined) continue
    const judgedText = text.slice(0, start + judged)
    const seen = valueAt(judgedText, start, pattern) || valueAt(text, start, pattern)
    if (seen === '' || placeholder.test(seen) || isSecret?.(found, seen) === false) continue
    // What its beginning ends with may be half an escape.
    const secret = judgedText.length === text.length ? seen : valueAt(text, start, pattern)
    result += text.slice(copied, start) + redacted
    copied = start + secret.length
    head.lastIndex = copied
  }
  return result + text.slice(copied)
}

const simpleNames = new Map<string, string>()

/** A name in lower case without what is between its words. Texts repeat their names: they are remembered, a bounded number of them. */
function simple(name: string): string {
  const known = simpleNames.get(name)
  if (known !== undefined) return known
  const result = name.replace(/[^A-Za-z0-9]/g, '').toLowerCase()
  if (simpleNames.size >= 512) simpleNames.clear()
  simpleNames.set(name, result)
  return result
}

function decoded(name: string): string {
  if (!name.includes('%')) return name
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
