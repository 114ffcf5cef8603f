import { keyText } from '../../definitions/assets/asset-key.ts'
import type { IOContext } from '../../definitions/assets/io-manager.ts'
import { sha256 } from '../../metadata/sha256.ts'

/** The longest name, in bytes, that file systems take is 255; `.json` or `@` follows. */
const longestName = 250

/** The longest path that is made of names as they are; the whole path may have 4,095 bytes on Linux and 1,023 on macOS. */
const longestPath = 600

/** How much of a name that is too long stays readable. */
const readableStart = 60

/**
 * Where the value of an asset's partition is stored: names of folders, and of a file at the end. Different values never share a place, nor does one
 * lie where another needs a folder, on file systems that tell upper from lower case and on those that do not. Most names are the parts of the key
 * as they are; a partition has a folder named after its asset and "@", which no part of a key can hold.
 */
export function valuePath({ assetKey, partitionKey }: Pick<IOContext, 'assetKey' | 'partitionKey'>): string[] {
  const whole = keyText(assetKey)
  const parts = whole.length > longestPath ? [hashed(whole)] : assetKey.map(fileName)
  const asset = parts.pop() ?? ''
  const folders = parts.map((name) => (/\.json$/i.test(name) ? hashed(name) : name))
  return partitionKey === undefined ? [...folders, `${asset}.json`] : [...folders, `${asset}@`, `${fileName(partitionKey)}.json`]
}

/** The text as a file name: percent-encoded; where upper case is in it is added, as the bits of a number; hashed when it is too long or not text. */
export function fileName(text: string): string {
  if (!text.isWellFormed()) return hashed(text)
  const upperCase = [...text].reduce((bits, letter, index) => (/[A-Z]/.test(letter) ? bits | (1n << BigInt(index)) : bits), 0n)
  const name = `${encodeURIComponent(text)}${upperCase === 0n ? '' : `@${upperCase.toString(16)}`}`
  return name.length > longestName ? hashed(text) : name
}

function hashed(text: string): string {
  const start = encodeURIComponent(text.slice(0, readableStart).toWellFormed()).slice(0, readableStart)
  // Of the UTF-16 code units: in UTF-8 all lone surrogates would be alike.
  const digest = sha256(Buffer.from(text, 'utf16le'))
  return `${start}@@${digest.slice(0, 32)}`
}
