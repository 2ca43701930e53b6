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

  let corked = false
  return {
    send: (text) => {
      if (!corked) {
        corked = true
        pipe.cork()
        setImmediate(() => {
          corked = false
          pipe.uncork()
        })
      }
      const head = Buffer.allocUnsafe(headBytes)
      head.writeUInt32BE(Buffer.byteLength(text))
      pipe.write(head)
      pipe.write(text)
    },
  }
}

const headBytes = 4
