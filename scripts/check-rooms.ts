/**
 * Refuses imports between rooms that are not in the list of `rooms.ts`, imports of anything but entry points from outside, and imports in a cycle.
 * Imports of types count. `node scripts/check-rooms.ts` prints what is wrong, with file and line; docs/architecture.md says what each room is for.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { entryPoints, rooms } from './rooms.ts'

const core = 'packages/dagma/src/'

interface Import {
  readonly from: string
  readonly line: number
  /** A file below the root, or the name of a package. */
  readonly to: string
}

/** The problems of the imports of the TypeScript files below `root`, a sentence each. */
export function importProblems(root: string): string[] {
  const files = globSync(['{packages,examples}/*/{src,tests}/**/*.ts', '{bench,scripts,tests}/**/*.{ts,mjs}'], { cwd: root })
  const imports = files.flatMap((file) => importsOf(root, file))
  const refused = imports.flatMap(({ from, line, to }) => {
    const rule = from.startsWith(core) ? brokenInside(from, to) : brokenOutside(from, to)
    return rule === undefined ? [] : [`${from}:${line} imports ${to}: ${rule}.`]
  })
  return [...refused, ...cycles(imports)]
}

function importsOf(root: string, from: string): Import[] {
  const text = readFileSync(join(root, from), 'utf8')
  const named = /^(?:import|export)(?:\s+type)?\s+(?:\{[^}]*\}|\*(?:\s+as\s+\w+)?|\w+(?:,\s*\{[^}]*\})?)\s+from\s+'([^']+)'/gm
  const others = /^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm
  return [...text.matchAll(named), ...text.matchAll(others)].flatMap(({ 1: first, 2: second, index }) => {
    const specifier = first ?? second ?? ''
    const to = specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : specifier
    // Code inside texts imports files that are not there; where one should be, the compiler says so.
    if (specifier.startsWith('.') && !existsSync(join(root, to))) return []
    return [{ from, line: text.slice(0, index).split('\n').length, to }]
  })
}

const roomOf = (file: string): string =>
  dirname(file) === dirname(`${core}_`) ? file.slice(core.length) : dirname(file).slice(core.length)
const hallOf = (room: string): string => room.split('/', 1)[0] ?? room
const isAmong = (allowed: readonly string[], room: string): boolean => allowed.some((one) => one === room || one === `${hallOf(room)}/**`)
const isOfRepository = (to: string): boolean => /^(?:@?dagma(?:\/|$)|(?:bench|examples|packages|scripts|tests)\/)/.test(to)

/** The rule that an import in a file of Dagma itself breaks. A test may import what any room of its hall may, helpers, and entry points. */
function brokenInside(from: string, to: string): string | undefined {
  const isTest = from.endsWith('.test.ts')
  if (!to.startsWith(core)) return isOfRepository(to) && !isTest ? 'Dagma imports nothing of the repository but its own src/' : undefined
  const [room, other] = [roomOf(from), roomOf(to)]
  if (room === other || room.endsWith('.test.ts')) return undefined
  const hall = Object.keys(rooms).filter((one) => isTest && hallOf(one) === hallOf(room))
  const allowed = isTest ? [...hall, ...hall.flatMap((one) => rooms[one] ?? []), 'test', 'index.ts', 'author.ts'] : rooms[room]
  if (allowed === undefined) return `scripts/rooms.ts has no room "${room}"`
  return isAmong(allowed, other) ? undefined : `${room} may import ${[...new Set(allowed)].join(', ') || 'no other room'}`
}

/** The rule that an import in an integration, the example or a helper of tests breaks. */
function brokenOutside(from: string, to: string): string | undefined {
  const [, home, kind] = /^((packages|examples)\/[^/]+\/)/.exec(from) ?? []
  if (home === undefined || !isOfRepository(to) || to.startsWith(home)) return undefined
  if (kind === 'packages' && to.startsWith('@dagma/')) return 'integrations do not import each other'
  if (entryPoints.includes(to) || /^@dagma\/[^/]+$/.test(to) || (/\/tests?\/|\.test\.ts$/.test(from) && /^(?:scripts|tests)\//.test(to)))
    return undefined
  return `of Dagma, ${home} may import ${entryPoints.join(', ')}${kind === 'examples' ? ' and integrations' : ''}`
}

/** The cycles among imports, a sentence each: what imports nothing that is left is taken away until only cycles, and what leads to them, are left. */
function cycles(imports: readonly Import[]): string[] {
  const left = new Map(Map.groupBy(imports, ({ from }) => from))
  const next = (file: string): string | undefined => left.get(file)?.find(({ to }) => left.has(to))?.to
  const found: string[] = []
  while (left.size > 0) {
    for (let size = 0; size !== left.size; ) {
      size = left.size
      for (const file of left.keys()) if (next(file) === undefined) left.delete(file)
    }
    const path: string[] = []
    for (let file = left.keys().next().value; file !== undefined && !path.includes(file); file = next(file)) path.push(file)
    const again = next(path.at(-1) ?? '')
    if (again === undefined) break
    const cycle = path.slice(path.indexOf(again))
    found.push(`These import each other in a cycle: ${[...cycle, again].join(' -> ')}.`)
    for (const file of cycle) left.delete(file)
  }
  return found
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = importProblems(fileURLToPath(new URL('..', import.meta.url)))
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}
