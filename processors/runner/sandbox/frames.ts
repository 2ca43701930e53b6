import type { Socket } from 'node:net'

/** Texts over a pipe, each after its length in bytes. All that is sent in one turn of the event loop is written at once. */
export type Frames = Readonly<{ send(text: string): void }>

export type FrameOptions = Readonly<{
  onText: (text: string) => void
  /** Called once: with an error for a frame that is too large, without one when the pipe ended. */
  onEnd: (error?: Error) => void
  /** Longest frame that is taken, in bytes. */
  maxBytes: number
}>

export const framesOver = (pipe: Socket, { onText, onEnd, maxBytes }: FrameOptions): Frames => {
  let chunks: Buffer[] = []
  let held = 0
  let needed = headBytes

  const take = (bytes: number): Buffer => {
    const all = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
    chunks = all.length > bytes ? [all.subarray(bytes)] : []
    held -= bytes
    return all.subarray(0, bytes)
  }

  let inBody = false
  pipe.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    held += chunk.length
    while (held >= needed) {
      const part = take(needed)
      if (inBody) onText(part.toString('utf8'))
      needed = inBody ? headBytes : part.readUInt32BE()
      inBody = !inBody
      if (needed > maxBytes) return void pipe.destroy(new Error(`a frame of ${needed} bytes; ${maxBytes} are allowed`))
    }
  })
  let error: Error | undefined
  pipe.on('error', (cause) => {
    error = cause
  })
  pipe.on('close', () => onEnd(error))

  let waiting: string[] = []
  const flush = (): void => {
    const frames = packed(waiting)
    waiting = []
    pipe.write(frames)
  }
  return {
    send: (text) => {
      if (waiting.push(text) === 1) setImmediate(flush)
    },
  }
}

/** One buffer for all: a write of it costs less than one of its parts. */
const packed = (texts: readonly string[]): Buffer => {
  const sizes = texts.map((text) => Buffer.byteLength(text))
  const all = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + headBytes + size, 0))
  let at = 0
  for (const [index, text] of texts.entries()) {
    at = all.writeUInt32BE(sizes[index] ?? 0, at)
    at += all.write(text, at, 'utf8')
  }
  return all
}

const headBytes = 4
