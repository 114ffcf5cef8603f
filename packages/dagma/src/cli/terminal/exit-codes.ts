/** Exit codes of the command line. */
export const exitCodes = { good: 0, runFailed: 1, wrongUsage: 2 } as const

let own: number = exitCodes.good

/** Says how the command ends. Not by `process.exitCode`, which code of the project may set too. */
export function endWith(exitCode: number): void {
  own = exitCode
}

/** What the command has said last; good when it has said nothing. */
export function ownExitCode(): number {
  return own
}
