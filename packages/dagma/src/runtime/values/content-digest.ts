import { hash } from 'node:crypto'

/** Names a text: the same for the same text, another for any other. */
export function contentDigest(text: string): string {
  return hash('sha256', text).slice(0, 32)
}
