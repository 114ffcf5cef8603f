/** The SHA-256 digest of a text or of bytes, in hexadecimal. Node's cryptography is loaded by the first: reading definitions takes none. */
export function sha256(content: string | Uint8Array): string {
  return process.getBuiltinModule('node:crypto').hash('sha256', content)
}
