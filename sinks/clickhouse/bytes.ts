export type Bytes = ReturnType<typeof openBytes>

/** Bytes that grow as they are written, piece by piece: nothing is copied into larger room, which would be garbage of megabytes. */
export const openBytes = () => {
  const full: Buffer[] = []
  let bytes = Buffer.allocUnsafe(512)
  let end = 0

  /** Room for so many bytes in one piece. */
  const need = (count: number): void => {
    if (end + count <= bytes.length) return
    if (end > 0) full.push(bytes.subarray(0, end))
    bytes = Buffer.allocUnsafe(Math.max(Math.min(2 * bytes.length, largestPiece), count))
    end = 0
  }
  const length = (count: number): void => {
    need(10)
    let rest = count
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[end++] = (rest & 0x7f) | 0x80
    bytes[end++] = rest
  }
  /** What is short and ASCII, as most texts are, is written here in half of the time that a call into Node takes. */
  const shortAscii = (value: string): boolean => {
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at)
      if (code >= 0x80) return false
      bytes[end + 1 + at] = code
    }
    bytes[end] = value.length
    end += 1 + value.length
    return true
  }
  const text = (value: string | Buffer): void => {
    if (typeof value !== 'string') {
      length(value.length)
      need(value.length)
      end += value.copy(bytes, end)
      return
    }
    need(3 * value.length + 10)
    const from = end
    if (value.length < 32 && shortAscii(value)) return
    length(value.length)
    const written = bytes.write(value, end)
    if (written > value.length) {
      end = from
      length(written) // not ASCII: the length is another, and may take more bytes
      bytes.write(value, end)
    }
    end += written
  }

  return {
    length,
    text,
    byte(value: number): void {
      need(1)
      bytes[end++] = value
    },
    int32(value: number): void {
      need(4)
      bytes.writeInt32LE(value | 0, end)
      end += 4
    },
    /** Of a whole number from 0 on. */
    int64(value: number): void {
      need(8)
      bytes.writeUInt32LE(value % 2 ** 32, end)
      bytes.writeUInt32LE(Math.floor(value / 2 ** 32), end + 4)
      end += 8
    },
    uint64(value: bigint): void {
      need(8)
      bytes.writeBigUInt64LE(BigInt.asUintN(64, value), end)
      end += 8
    },
    float64(value: number): void {
      need(8)
      bytes.writeDoubleLE(value, end)
      end += 8
    },
    written: (): readonly Buffer[] => (end > 0 ? [...full, bytes.subarray(0, end)] : full),
  }
}

const largestPiece = 262_144
