import { gateChildOutput } from '../../runtime/gate/child-output-gate.ts'
import { WholeLines } from '../../runtime/gate/whole-lines.ts'

type Stream = 'stdout' | 'stderr'

let childrenAreWatched = false

/**
 * Copies what this process and its children write to stdout and stderr, in whole lines, until the function that is returned is called. What is
 * written still goes where it went.
 */
export function captureStdio(take: (stream: Stream, text: string) => void): () => void {
  if (!childrenAreWatched) gateChildOutput()
  childrenAreWatched = true
  const ends = [capture('stdout', take), capture('stderr', take)]
  return () => {
    for (const end of ends) end()
  }
}

function capture(name: Stream, take: (stream: Stream, text: string) => void): () => void {
  const stream = process[name]
  const { write } = stream
  const lines = new WholeLines()
  const give = (text: string): void => {
    if (text !== '') take(name, text)
  }
  const copying: typeof stream.write = (chunk: string | Uint8Array, ...rest: never[]): boolean => {
    give(lines.take(chunk, rest[0]))
    return write.call(stream, chunk, ...rest)
  }
  stream.write = copying
  return () => {
    give(lines.rest())
    if (stream.write === copying) stream.write = write
  }
}
