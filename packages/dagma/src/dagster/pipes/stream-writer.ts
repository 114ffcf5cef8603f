import type { PipesMessageWriter } from './protocol.ts'

/** Writes each message to a stream immediately. */
export function streamWriter(stream: NodeJS.WritableStream): PipesMessageWriter {
  return {
    write: (line) => void stream.write(`${line}\n`),
    close: () => written(stream, ''),
  }
}

/** Keeps messages, and writes them to a stream when the session closes or the process exits: for readers that see only the end of a log. */
export function bufferedStreamWriter(stream: NodeJS.WritableStream): PipesMessageWriter {
  let lines: string[] = []
  const taken = (): string => {
    const text = lines.map((line) => `${line}\n`).join('')
    lines = []
    return text
  }
  const atExit = (): void => void stream.write(taken()) // the session was not closed
  process.once('exit', atExit)
  return {
    write: (line) => void lines.push(line),
    close: () => {
      process.off('exit', atExit)
      return written(stream, taken())
    },
  }
}

function written(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve) => stream.write(text, () => resolve()))
}
