import { flushWriters, listenToOutput } from '../../runtime/gate/gated-output.ts'

/**
 * Copies what this process and its children write to stdout and stderr, in whole lines, until the function that is returned is called. What is
 * written still goes where it went. The gate must be held.
 */
export function captureStdio(take: (stream: 'stdout' | 'stderr', text: string) => void): () => void {
  const stop = listenToOutput((descriptor, text) => take(descriptor === 1 ? 'stdout' : 'stderr', text))
  return () => {
    flushWriters()
    stop()
  }
}
