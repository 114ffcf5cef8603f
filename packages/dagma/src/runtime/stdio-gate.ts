import { gateText } from './exit-gate.ts'

/**
 * Sends what this process writes to its stdout and stderr through the exit gate, line by line: a line is written when it is whole, or when
 * the process exits.
 */
export function gateStdio(): void {
  for (const stream of [process.stdout, process.stderr]) gateStream(stream)
}

function gateStream(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream)
  let unfinished = ''
  const decoder = new TextDecoder()
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: (error?: Error | null) => void): boolean => {
    const text = unfinished + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
    const end = text.lastIndexOf('\n') + 1
    unfinished = text.slice(end)
    const callback = typeof encoding === 'function' ? (encoding as typeof done) : done
    return write(gateText(text.slice(0, end)), callback)
  }) as typeof stream.write
  process.on('exit', () => {
    if (unfinished !== '') write(gateText(unfinished))
  })
}
