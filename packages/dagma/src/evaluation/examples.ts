import { sha256 } from '../metadata/sha256.ts'

/** The problem of the examples of a dataset; undefined if there is none. */
export function exampleProblem(examples: readonly unknown[]): string | undefined {
  if (examples.length === 0) return 'has no examples'
  const ids = new Set<string>()
  for (const [index, example] of examples.entries()) {
    const id = typeof example === 'object' && example !== null && 'id' in example ? example.id : undefined
    if (typeof id !== 'string' || id === '') return `has an example without an id, which must be text, at position ${index + 1}`
    if (ids.has(id)) return `has two examples with the id "${id}"`
    ids.add(id)
  }
  return undefined
}

/** Digest of an example, by which one that has changed is known. The order of its members does not count. */
export function exampleDigest(example: object): string {
  const text = JSON.stringify(example, (_, value: unknown) =>
    isMembers(value) ? Object.fromEntries(Object.entries(value).sort(byName)) : value,
  )
  return sha256(text).slice(0, 16)
}

function isMembers(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}
