import { badRequest } from './refusal.ts'

/** A step of a path: into a member of an object, into each element of an array, or into one of them. */
type Step = { readonly member: string } | { readonly element: number | 'each' }

const pattern = /(?:^|\.)(?:"((?:[^"\\]|\\.)*)"|([\p{L}\p{N}_-]+))|\[(\d*)\]/uy

/** A key of the payload in Qdrant's form: `a`, `a.b`, `a[].b`, `a[0]`, `"with.dots"`. */
export function parsePath(key: unknown): readonly Step[] {
  const steps: Step[] = []
  if (typeof key !== 'string' || !/^[^.[]/.test(key)) throw badRequest('a payload key must be a path such as a.b')
  pattern.lastIndex = 0
  while (pattern.lastIndex < key.length) {
    const found = pattern.exec(key)
    if (found === null) throw badRequest('a payload key must be a path such as a.b')
    const [, quoted, bare, element] = found
    if (element !== undefined) steps.push({ element: element === '' ? 'each' : Number(element) })
    else steps.push({ member: quoted?.replace(/\\(.)/g, '$1') ?? (bare as string) })
  }
  return steps
}

/** The values at a path: none, one, or those of several elements. A value that is an array counts as one here. */
export function valuesAt(payload: unknown, path: readonly Step[]): unknown[] {
  let values: unknown[] = [payload]
  for (const step of path) values = values.flatMap((value) => next(value, step))
  return values
}

/** A payload with only what the paths name, which go through objects only. */
export function pick(payload: object, paths: readonly (readonly Step[])[]): object {
  const picked = {}
  for (const path of paths) copyAt(payload, picked, path)
  return picked
}

function next(value: unknown, step: Step): unknown[] {
  if ('member' in step) return isObject(value) && Object.hasOwn(value, step.member) ? [value[step.member]] : []
  if (!Array.isArray(value)) return []
  return step.element === 'each' ? value : value.slice(step.element, step.element + 1)
}

function copyAt(from: unknown, to: { [name: string]: unknown }, [step, ...rest]: readonly Step[]): void {
  if (step === undefined || !('member' in step) || !isObject(from) || !Object.hasOwn(from, step.member)) return
  const value = from[step.member]
  if (rest.length === 0) to[step.member] = value
  else if (isObject(value)) {
    const inner = to[step.member] ?? {}
    to[step.member] = inner
    copyAt(value, inner as { [name: string]: unknown }, rest)
  }
}

function isObject(value: unknown): value is { [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
