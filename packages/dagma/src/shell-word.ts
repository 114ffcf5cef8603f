/** A word of a command as a POSIX shell reads it back, in quotes when it needs them. For commands that are shown to be copied. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
