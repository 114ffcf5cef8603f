/** The `stdio` option of a child, seen by which of its entries lead to this process's own stdout or stderr. */
import type { Descriptor } from './gated-output.ts'

/** An entry of a child that leads to a stream of this process. */
export interface InheritedEntry {
  /** Descriptor in the child. */
  readonly index: number
  /** Where it leads to here. */
  readonly descriptor: Descriptor
}

/** The entries by which a child would write to stdout or stderr, whatever their form: a word, a descriptor, a stream, an object that has one. */
export function inheritedEntries(stdio: unknown): InheritedEntry[] {
  return stdioEntries(stdio).flatMap((entry, index) => {
    const descriptor = descriptorOf(entry, index)
    return descriptor === 1 || descriptor === 2 ? [{ index, descriptor }] : []
  })
}

/** The option with pipes in the place of those entries, as a list. */
export function withPipes(stdio: unknown, inherited: readonly InheritedEntry[]): unknown[] {
  return stdioEntries(stdio).map((entry, index) => (inherited.some((one) => one.index === index) ? 'pipe' : entry))
}

/** The descriptor of this process that an entry stands for; undefined for a pipe and the like. */
export function descriptorOf(entry: unknown, index: number): number | undefined {
  if (entry === 'inherit') return index
  if (typeof entry === 'number') return entry
  if (typeof entry !== 'object' || entry === null) return undefined
  if (entry === process.stdout) return 1 // in a worker thread it has no descriptor of its own
  if (entry === process.stderr) return 2
  const { fd, handle, _handle } = entry as { fd?: unknown; handle?: { fd?: unknown }; _handle?: { fd?: unknown } }
  return [fd, handle?.fd, _handle?.fd].find((value) => typeof value === 'number')
}

function stdioEntries(stdio: unknown): unknown[] {
  if (Array.isArray(stdio)) return Array.from(stdio)
  return stdio === undefined || stdio === null ? ['pipe', 'pipe', 'pipe'] : [stdio, stdio, stdio]
}
