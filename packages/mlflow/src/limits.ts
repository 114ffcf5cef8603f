import { batches } from 'dagma/author'
import type { MetricPoint, MlflowMetric } from './client.ts'
import type { Entry } from './store.ts'

/** MLflow's limits: characters of one entry, entries and bytes of one call. */
export const limits = { key: 250, param: 6000, tag: 8000, metrics: 1000, params: 100, tags: 100, bytes: 1_000_000 } as const

/** Params or tags as MLflow takes them. */
export function entries(kind: 'param' | 'tag', values: Readonly<Record<string, string | number | boolean>>): Entry[] {
  return Object.entries(values).map(([key, raw]) => {
    const value = String(raw)
    checkName(kind, key)
    // MLflow counts code points, as Python does, here and in names.
    const length = [...value].length
    if (length > limits[kind])
      throw new RangeError(`MLflow: the value of ${kind} ${shown(key)} has ${length} characters; at most ${limits[kind]} are allowed.`)
    return { key, value }
  })
}

/** Metrics as MLflow takes them: each point with its step and moment. */
export function points(metrics: Readonly<Record<string, number | readonly MetricPoint[]>>, step = 0, now = Date.now()): MlflowMetric[] {
  return Object.entries(metrics).flatMap(([key, given]) => {
    checkName('metric', key)
    const list = typeof given === 'number' ? [{ value: given, step }] : given
    return list.map(({ value, step: own = step, timestamp }) => {
      if (typeof value !== 'number') throw new RangeError(`MLflow: metric ${shown(key)} has a ${typeof value} as its value, not a number.`)
      if (!Number.isSafeInteger(own)) throw new RangeError(`MLflow: metric ${shown(key)} has the step ${own}, which is not an integer.`)
      const moment = timestamp?.getTime() ?? now
      if (!(moment >= 0)) throw new RangeError(`MLflow: metric ${shown(key)} has a timestamp before 1970, or an invalid one.`)
      return { key, value, step: own, timestamp: moment }
    })
  })
}

/** `items` in calls of at most `count` items and of MLflow's bytes. */
export function calls<T>(items: readonly T[], count: number): Generator<T[]> {
  // Room for what stands around the items in a call.
  return batches(items, (item) => Buffer.byteLength(JSON.stringify(item)) + 1, { count, bytes: limits.bytes - 1000 })
}

/**
 * The parts of an artifact's path.
 * @throws RangeError when it is not relative, or could leave the run's folder.
 */
export function artifactPath(path: string): string[] {
  const parts = path.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[\\\0]/.test(part))) {
    throw new RangeError('MLflow: the path of an artifact must be relative, with "/" between parts that are not empty, "." or "..".')
  }
  return parts
}

/** @throws RangeError that says which name, and why MLflow refuses it. */
function checkName(kind: 'param' | 'tag' | 'metric', name: string): void {
  const why = refusedName(name)
  if (why !== undefined) throw new RangeError(`MLflow: the ${kind} name ${shown(name)} ${why}.`)
}

/** Why MLflow refuses a name; undefined when it does not. It takes letters and digits of any script, and reads "/" as a path. */
function refusedName(name: string): string | undefined {
  if (name === '') return 'is empty'
  const length = [...name].length
  if (length > limits.key) return `has ${length} characters; at most ${limits.key} are allowed`
  const other = /[^\p{L}\p{N}_./ :-]/u.exec(name)?.[0]
  if (other !== undefined)
    return `has the character ${codePoint(other)}; letters and digits of any script, "_", "-", ".", ":", "/" and spaces are allowed`
  if (name.startsWith('..') || name.split('/').some((part) => part === '' || part === '.' || part === '..'))
    return 'is not a plain path: it must not start with "/" or "..", end with "/", or have "//", "." or ".." as a part'
  return undefined
}

/** A character for people: itself, where it can be seen, and its code point. */
function codePoint(character: string): string {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  return /[\p{M}\p{C}\p{Z}]/u.test(character) ? code : `${character} (${code})`
}

/** A name for a message: its beginning, quoted. */
function shown(name: string): string {
  const characters = [...name]
  return JSON.stringify(characters.length > 50 ? `${characters.slice(0, 50).join('')}…` : name)
}
