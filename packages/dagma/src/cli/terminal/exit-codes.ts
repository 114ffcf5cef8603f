/** Exit codes of the command line. */
export const exitCodes = { good: 0, runFailed: 1, wrongUsage: 2 } as const
