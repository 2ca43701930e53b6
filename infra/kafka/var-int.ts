/** Kafka's numbers of varying length: seven bits a byte, the lowest first; ZigZag, so that a sign is the lowest bit. */
export const writeVarInt = (bytes: Buffer, at: number, value: number): number => {
  let left = ((value << 1) ^ (value >> 31)) >>> 0
  let end = at
  for (; left > 0x7f; left >>>= 7) bytes[end++] = (left & 0x7f) | 0x80
  bytes[end++] = left
  return end
}

/** How many bytes `writeVarInt` takes. */
export const varIntLength = (value: number): number => {
  let length = 1
  for (let left = ((value << 1) ^ (value >> 31)) >>> 0; left > 0x7f; left >>>= 7) length++
  return length
}

/** The number that begins there, of 32 bits. Where it ends says `afterVarInt`. */
export const readVarInt = (bytes: Buffer, at: number): number => {
  let value = 0
  let shift = 0
  for (let index = at; ; index++, shift += 7) {
    const byte = bytes[index] ?? 0
    if (shift < 32) value |= (byte & 0x7f) << shift
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
  }
}

/** As `readVarInt`, of a number of 64 bits; beyond 2^53 it is not exact. */
export const readVarLong = (bytes: Buffer, at: number): number => {
  let value = 0
  let scale = 1
  for (let index = at; ; index++, scale *= 0x80) {
    const byte = bytes[index] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

/** Where the number that begins there ends. */
export const afterVarInt = (bytes: Buffer, at: number): number => {
  let end = at
  while ((bytes[end] ?? 0) > 0x7f) end++
  return end + 1
}
