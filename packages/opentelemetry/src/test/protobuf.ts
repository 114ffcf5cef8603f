/** As much of Protocol Buffers' wire format as is needed to read what was sent in a test. */

/** A message: the values of each field number, in order; a submessage or text is its bytes. */
export type Message = ReadonlyMap<number, readonly (bigint | Uint8Array)[]>

export function readMessage(bytes: Uint8Array): Message {
  const fields = new Map<number, (bigint | Uint8Array)[]>()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const bytesOf = (length: number): Uint8Array => {
    at += length
    return bytes.subarray(at - length, at)
  }
  const value = (kind: number): bigint | Uint8Array => {
    if (kind === 0) return varint()
    if (kind === 1) return bytesOf(8)
    if (kind === 2) return bytesOf(Number(varint()))
    if (kind === 5) return bytesOf(4)
    throw new Error(`wire type ${kind}`)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const field = tag >>> 3
    fields.set(field, [...(fields.get(field) ?? []), value(tag & 7)])
  }
  return fields
}

export function messagesOf(message: Message, field: number): Message[] {
  return (message.get(field) ?? []).map((bytes) => readMessage(bytes as Uint8Array))
}

export function bytesOf(message: Message, field: number): Uint8Array {
  return (message.get(field)?.[0] as Uint8Array | undefined) ?? new Uint8Array()
}

export function textOf(message: Message, field: number): string {
  return new TextDecoder().decode(bytesOf(message, field))
}

export function numberOf(message: Message, field: number): number {
  return Number(message.get(field)?.[0] ?? 0n)
}

export function doubleOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true)
}
