import { DagmaError } from '../../errors.ts'

/** Hints that name the flag of a command, where the hint of the API names an option. */
const flagHints: { readonly [code in DagmaError['code']]?: string } = {
  DAGMA_PARTITION_NEEDED: 'Pass one of them with --partition, or several with --partition-range.',
  DAGMA_PROJECT_NOT_FOUND:
    'Run this inside a project whose package.json has `"dagma": { "definitions": "src/definitions.ts" }`, or pass the module with -m.',
}

/** The message of an error, gated, with the hint that fits the command line. */
export function withFlagHint(error: unknown, message: string): string {
  const hint = error instanceof DagmaError ? flagHints[error.code] : undefined
  return error instanceof DagmaError && hint !== undefined ? message.replace(error.hint, () => hint) : message
}
