import type { MetricPoint, MlflowMetric } from './client.ts'
import type { Entry } from './store.ts'

/** MLflow's limits: characters of one entry, entries and bytes of one call. */
export const limits = { key: 250, param: 6000, tag: 8000, metrics: 1000, params: 100, tags: 100, bytes: 1_000_000 } as const

/** Params or tags as MLflow takes them. */
export function entries(kind: 'param' | 'tag', values: Readonly<Record<string, string | number | boolean>>): Entry[] {
  return Object.entries(values).map(([key, raw]) => {
    const value = String(raw)
    checkKey(kind, key)
    // MLflow counts code points, as Python does.
    const length = [...value].length
    if (length > limits[kind])
      throw new RangeError(`MLflow: the value of ${kind} "${key}" has ${length} characters; at most ${limits[kind]} are allowed.`)
    return { key, value }
  })
}

/** Metrics as MLflow takes them: each point with its step and moment. */
export function points(metrics: Readonly<Record<string, number | readonly MetricPoint[]>>, step = 0, now = Date.now()): MlflowMetric[] {
  return Object.entries(metrics).flatMap(([key, given]) => {
    checkKey('metric', key)
    const list = typeof given === 'number' ? [{ value: given, step }] : given
    return list.map(({ value, step: own = step, timestamp }) => {
      if (!Number.isFinite(value)) throw new RangeError(`MLflow: metric "${key}" has the value ${value}, which is no finite number.`)
      if (!Number.isSafeInteger(own)) throw new RangeError(`MLflow: metric "${key}" has the step ${own}, which is no whole number.`)
      return { key, value, step: own, timestamp: timestamp?.getTime() ?? now }
    })
  })
}

/** `items` in parts of at most `count` items and MLflow's bytes for one call. */
export function batches<T>(items: readonly T[], count: number): T[][] {
  const parts: T[][] = []
  // Room for what stands around the items in a call.
  const room = limits.bytes - 1000
  let bytes = 0
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1
    const last = parts.at(-1)
    if (last && last.length < count && bytes + size <= room) {
      last.push(item)
      bytes += size
    } else {
      parts.push([item])
      bytes = size
    }
  }
  return parts
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

function checkKey(kind: string, key: string): void {
  if (key === '' || key.length > limits.key || !/^[\w./ :-]*$/u.test(key)) {
    throw new RangeError(
      `MLflow: the ${kind} key "${key.slice(0, 50)}" must have 1 to ${limits.key} characters: letters, digits, "_", "-", ".", ":", "/" and spaces.`,
    )
  }
}
