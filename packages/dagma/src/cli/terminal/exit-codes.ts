/** Exit codes of the command line. */
export const exitCodes = { good: 0, runFailed: 1, wrongUsage: 2 } as const

let own: number = exitCodes.good

/** Says how the command ends. Not by `process.exitCode`, which code of the project may set too. */
export function endWith(exitCode: number): void {
  own = exitCode
}

/** The exit code that the command has set last; success if it has set none. */
export function ownExitCode(): number {
  return own
}
