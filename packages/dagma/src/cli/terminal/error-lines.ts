import type { WireError } from '../../runtime/gate/exit-gate.ts'
import { styleText } from './style-text.ts'

/** The lines that show a step's error. Asked again for the same step and the same error, as after a retry, they only say so. */
export function stepErrorLines(): (step: string, error: WireError) => string[] {
  const shown = new Map<string, string>()
  return (step, error) => {
    const text = JSON.stringify(error)
    const isSame = shown.get(step) === text
    shown.set(step, text)
    return isSame ? [`    ${styleText('dim', 'same error as above')}`] : errorLines(error, '    ')
  }
}

/** The lines that show an error with everything that led to it, each message once; `indent` is before messages, frames have their own. */
export function errorLines(error: WireError, indent = ''): string[] {
  const lines = [`${indent}${error.message}`]
  const messages = [error.message]
  for (let one: WireError | null = error; one !== null; one = one.cause) {
    const { name, message } = one
    // The message of the step already contains its cause.
    if (!messages.some((said) => said.includes(message))) lines.push(`${indent}caused by ${name}: ${message}`)
    else if (one !== error && name !== 'Error' && !messages.some((said) => said.includes(`${name}: ${message}`)))
      lines.push(`${indent}${name}`)
    messages.push(message)
    lines.push(...one.stack.map((frame) => styleText('dim', frame.trimEnd())))
  }
  return lines
}
