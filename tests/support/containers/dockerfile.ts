/** A Dockerfile, read as far as the project's own ones go. What is not known here is an error, not passed over. */

export interface Instruction {
  readonly keyword: string
  /** The text after the keyword and its flags, on one line. */
  readonly text: string
  /** `--name=value` before the text. */
  readonly flags: Readonly<Record<string, string>>
  /** The text as words: of its JSON, or separated by spaces. */
  readonly words: readonly string[]
}

const known = ['FROM', 'RUN', 'COPY', 'WORKDIR', 'ENV', 'USER', 'EXPOSE', 'ENTRYPOINT', 'CMD']

export function readDockerfile(text: string): readonly Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*(?:#|$)/.test(line))
  const whole = lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
  return whole.map(readInstruction)
}

function readInstruction(line: string): Instruction {
  const [, keyword = '', options = '', text = ''] = /^([A-Z]+)((?:\s+--\S+)*)\s+(.*)$/.exec(line) ?? []
  if (!known.includes(keyword)) throw new Error(`this line of the Dockerfile is not known here: ${line}`)
  const flags = Object.fromEntries([...options.matchAll(/--([a-z]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]))
  return { keyword, text, flags, words: text.startsWith('[') ? JSON.parse(text) : text.split(/\s+/) }
}

/** `name=value` pairs of an ENV, with `$NAME` replaced by what is set before it. */
export function readVariables({ words }: Instruction, before: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = words.map((word) => {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(word) ?? []
    return [name, value.replaceAll(/\$(\w+)/g, (_, variable: string) => before[variable] ?? '')]
  })
  return Object.fromEntries(pairs)
}
