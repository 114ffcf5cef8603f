import { sha256 } from '../../metadata/sha256.ts'

/** Names a text: the same for the same text, another for any other. */
export function contentDigest(text: string): string {
  return sha256(text).slice(0, 32)
}
