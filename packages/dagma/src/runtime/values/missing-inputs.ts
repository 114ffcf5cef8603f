import { type DagmaError, dagmaError } from '../../errors.ts'

/** An asset whose value, or whose partitions' values, a step takes and does not find. */
export interface MissingInput {
  readonly input: string
  /** The partitions, as ranges; empty for an asset without. */
  readonly partitions: readonly string[]
  /** Whether this project materializes it. */
  readonly isMade: boolean
  readonly command: string
}

const known = new WeakMap<object, readonly MissingInput[]>()

/** The error of inputs that `who` does not find. */
export function missingInputs(who: string, missing: readonly MissingInput[]): DagmaError {
  const commands = missing.filter(({ isMade }) => isMade).map(({ command }) => command)
  const isOne = commands.length === 1 && missing.every(({ partitions }) => !areSeveral(partitions))
  const error = dagmaError('DAGMA_INPUT_MISSING', { who, values: missing.map(valueText), isOne, commands })
  known.set(error, missing)
  return error
}

/** The values that `who` loads, in order. When inputs are missing, all are named in one error. @throws DAGMA_INPUT_MISSING, or what else failed first */
export async function loadedInputs<Value>(who: string, loading: readonly Promise<Value>[]): Promise<Value[]> {
  const settled = await Promise.allSettled(loading)
  const failures = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  const missing = failures.map((failure) => known.get(Object(failure)))
  const other = missing.indexOf(undefined)
  if (other >= 0) throw failures[other]
  const [first] = failures
  if (first !== undefined)
    throw failures.length === 1
      ? first
      : missingInputs(
          who,
          missing.flat().filter((one) => one !== undefined),
        )
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

function valueText({ input, partitions, isMade }: MissingInput): string {
  const several = areSeveral(partitions)
  const names = partitions.map((range) => `"${range}"`).join(', ')
  const which = partitions.length === 0 ? '' : `, ${several ? 'partitions' : 'partition'} ${names}`
  const why = isMade ? `${several ? 'have' : 'has'} not been materialized` : 'is an external asset, and its IO manager found no value'
  return `the value of "${input}"${which}, which ${why}`
}

function areSeveral(partitions: readonly string[]): boolean {
  return partitions.length > 1 || partitions[0]?.includes('...') === true
}
