/** The text that replaces a secret. */
export const redacted = '[redacted]'

/** A secret has at least so many characters: a shorter one would take ordinary words out with it. */
export const shortestSecret = 8
