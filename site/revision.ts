import { createHash } from 'node:crypto'

/** The revision of a page: how git names this text, in short. `git hash-object <file>` prints it. */
export function revision(text: string): string {
  return createHash('sha1')
    .update(`blob ${Buffer.byteLength(text)}\0`)
    .update(text)
    .digest('hex')
    .slice(0, 10)
}

/** The third line of a translation: the language switch, and the revision of the English page that it follows. */
export function switchOfTranslation(englishName: string, english: string): string {
  return `[English](${englishName}) | 简体中文（对应英文版修订 \`${revision(english)}\`）`
}
