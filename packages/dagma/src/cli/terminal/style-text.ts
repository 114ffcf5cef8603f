import { styleText as styled } from 'node:util'

let isStyled: boolean | undefined

/** A text in a style, where stdout shows styles. Node's own function reads the environment for each text, to find out about that. */
export function styleText(style: Parameters<typeof styled>[0], text: string): string {
  isStyled ??= styled('dim', 'x') !== 'x'
  return isStyled ? styled(style, text, { validateStream: false }) : text
}
