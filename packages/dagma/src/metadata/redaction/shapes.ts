/** Secrets that are recognized by their format. The shapes of keys are those of the rules of gitleaks (github.com/gitleaks/gitleaks, config/gitleaks.toml). */
import { redacted } from './mark.ts'
import { cutNamedValues } from './named-values.ts'

/**
 * Each with what must be in a text that has it: one of these, in either case, of which the first three characters are looked for. No shape has a
 * beginning that may stand within itself again and again: each is looked for in a time that grows with the text.
 */
const shapes: readonly (readonly [triggers: readonly string[], shape: RegExp, cut?: (found: string) => string])[] = [
  [
    ['bearer'],
    /(?<=\bBearer\s{1,16})(?!(?:authentication|authorization|credentials?|security|challenges?)(?![A-Za-z0-9._~+/=-]))[A-Za-z0-9._~+/=-]{8,}/gi,
  ],
  [['sk-', 'pk-', 'rk-'], /\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}/g], // OpenAI, LangFlow, Anthropic
  [['_live', '_test', 'whsec_'], /\b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9]{16,}/g], // Stripe
  [['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', '_pat_'], /\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}/g],
  [['glpat-'], /\bglpat-[A-Za-z0-9_-]{16,}/g],
  [['npm_'], /\bnpm_[A-Za-z0-9]{36}\b/g],
  [['hf_'], /\bhf_[A-Za-z0-9]{20,}/g],
  [['pypi-'], /\bpypi-AgE[A-Za-z0-9_-]{16,}/g],
  [['sg.'], /\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{20,}/g], // SendGrid
  [['ya29'], /\bya29\.[A-Za-z0-9._-]{20,}/g], // Google OAuth
  [['hvs.', 'hvb.', 'hvr.'], /\bhv[sbr]\.[A-Za-z0-9_-]{20,}/g], // Vault
  [['dp.'], /\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{20,}/g], // Doppler
  // Shopify, DigitalOcean, Pulumi, Grafana, Linear, Postman, GitLab, Replicate, LangSmith, Groq, xAI
  [
    [
      'shp',
      '_v1_',
      'pul-',
      'glsa_',
      '_api_',
      'pmak-',
      'glcbt-',
      'gldt-',
      'glrt-',
      'glptt-',
      'glsoat-',
      'glft-',
      'glimt-',
      'glagent-',
      'r8_',
      'lsv2_',
      'gsk_',
      'xai-',
    ],
    /\b(?:shp(?:at|ca|pa|ss)_|do[opr]_v1_|pul-|glsa_|lin_api_|PMAK-|gl(?:cbt|dt|rt|ptt|soat|ft|imt|agent)-|r8_|lsv2_(?:pt|sk)_|gsk_|xai-)[A-Za-z0-9_-]{20,}/g,
  ],
  [['dapi'], /\bdapi[0-9a-f]{32}\b/g], // Databricks
  [['xox', 'xapp-'], /\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}/g],
  [['slack.com'], /(?<=\bhooks\.slack\.com\/(?:services|workflows|triggers)\/)[A-Za-z0-9/]{20,}/g],
  [['webhooks/'], /(?<=\bdiscord(?:app)?\.com\/api\/(?:v\d{1,2}\/)?webhooks\/\d{5,20}\/)[A-Za-z0-9_-]{20,}/g],
  [['office'], /(?<=\b(?:webhook\.office|outlook\.office(?:365)?)\.com\/webhook(?:b2)?\/)[A-Za-z0-9@/-]{20,}/g], // Teams
  [['zapier'], /(?<=\bhooks\.zapier\.com\/hooks\/catch\/)[A-Za-z0-9/]{8,}/g],
  [['/bot'], /(?<=\/bot)\d{5,12}:[A-Za-z0-9_-]{20,}/g], // Telegram
  [['jdbc:'], /(?<=\bjdbc:oracle:\w{1,8}:[^\s/@:"']{1,64}\/)[^\s@"']{1,128}(?=@)/g],
  [['akia', 'asia', 'abia', 'acca'], /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g],
  [['aiza'], /\bAIza[A-Za-z0-9_-]{30,}/g],
  [['eyj'], /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g], // JSON web token
  // with what an object that is printed has between the lines: quotes, a plus and colors
  [
    ['-----begin'],
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colors
    /(?<=-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----)(?:(?!-----)(?:[A-Za-z0-9+/=:,.\s\\"'`-]|\u001b\[[\d;]{0,16}m))+/g,
  ],
  // distinguished from the English word by what they decode to
  [
    ['basic'],
    /(?<=\bBasic\s{1,16})[A-Za-z0-9+/_-]{4,}={0,2}/gi,
    (found) => (Buffer.from(found, 'base64').includes(':') ? redacted : found),
  ],
]

const triggerBits = 14

/** By the hash of three characters, the shapes that may stand where those do, a bit for each. */
const triggered = new Uint32Array(1 << triggerBits)
for (const [index, [triggers]] of shapes.entries())
  for (const trigger of triggers) {
    const held = [0, 1, 2].reduce((before, at) => rolled(before, trigger.charCodeAt(at)), 0)
    triggered[slot(held)] = (triggered[slot(held)] as number) | (1 << index)
  }

/** The shapes that may be in a text, a bit for each. Most texts have none, and are gone over only once. */
function shapesIn(text: string): number {
  let held = 0
  let found = 0
  for (let at = 0; at < text.length; at++) {
    held = rolled(held, text.charCodeAt(at))
    found |= triggered[slot(held)] as number
  }
  return found
}

/** The last three characters, letters in one case. */
function rolled(held: number, come: number): number {
  return ((held << 7) | ((come | 0x20) & 0x7f)) & 0x1fffff
}

function slot(held: number): number {
  return Math.imul(held, 0x9e3779b1) >>> (32 - triggerBits)
}

/** `text` without secrets of well-known shapes. */
export function cutShapes(text: string): string {
  let result = cutNamedValues(text.includes('://') ? cutUserInfo(text) : text)
  let there = shapesIn(result)
  for (let index = 0; there !== 0; index++, there >>>= 1) {
    const [, shape, cut = () => redacted] = shapes[index] as (typeof shapes)[number]
    if ((there & 1) !== 0) result = result.replace(shape, cut)
  }
  return result
}

/** Cuts out the user info of URLs: what is before the "@" that a host follows, whatever characters a password has. */
function cutUserInfo(text: string): string {
  let result = ''
  let copied = 0
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    const next = text.indexOf('://', at + 3)
    const length = userInfoLength(/^\S*/.exec(text.slice(at + 3, next < 0 ? undefined : next))?.[0] ?? '')
    if (length === 0) continue
    result += text.slice(copied, at + 3) + redacted
    copied = at + 3 + length
  }
  return result + text.slice(copied)
}

/** A port with what may follow it: then the colon before it is not that of a password. */
const port = /^\d{1,5}(?:$|[/?#"'`,;:.)\]}>\\])/
/** An "@" with a host after it, and what may follow one. */
const host = /@(?=(?:\[[\w.:]+\]|[\w.-]+)(?::\d+)?(?:[/?#"'`,;)}>\\]|$))/

/** Characters of the user info that a URL has after its "://". */
function userInfoLength(rest: string): number {
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ''
  if (/^\[[\w.:]*\]/.test(rest)) return 0 // an address of IPv6
  const user = /^[^/?#@:"'`<>\\]*:/.exec(rest)?.[0]
  if (user === undefined) return Math.max(/^[^"'`<>\\]*/.exec(authority)?.[0].lastIndexOf('@') ?? 0, 0)
  const password = rest.slice(user.length)
  if (port.test(password)) return 0
  const inAuthority = authority.lastIndexOf('@')
  if (inAuthority >= 0 && host.test(rest.slice(inAuthority))) return inAuthority
  const found = host.exec(password)
  return found === null ? Math.max(inAuthority, 0) : user.length + found.index
}
