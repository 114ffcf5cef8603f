/** The text that replaces a secret. */
export const redacted = '[redacted]'

/** The minimum length of a secret: redacting a shorter one would also redact ordinary words. */
export const shortestSecret = 8
