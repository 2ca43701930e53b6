/** A body on its way: text, or bytes in base64; and the type that goes with it by itself. */
export type Sent = Readonly<{ body: string | null; encoding: 'utf8' | 'base64'; type: string | null }>

/** Reads whatever `undici` takes for a body: text, bytes, a form, a stream, anything that gives pieces. */
export const sent = async (body: unknown): Promise<Sent> => {
  if (body === undefined || body === null) return { body: null, encoding: 'utf8', type: null }
  if (typeof body === 'string') return { body, encoding: 'utf8', type: null }
  if (body instanceof FormData || body instanceof URLSearchParams || body instanceof Blob) {
    const whole = new Response(body)
    return inBase64(Buffer.from(await whole.arrayBuffer()), whole.headers.get('content-type'))
  }
  if (body instanceof ArrayBuffer) return inBase64(Buffer.from(body))
  if (ArrayBuffer.isView(body))
    return inBase64(Buffer.from(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength))
  const pieces: Buffer[] = []
  for await (const piece of body as AsyncIterable<unknown>)
    pieces.push(typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece as Uint8Array))
  return inBase64(Buffer.concat(pieces))
}

const inBase64 = (bytes: Buffer, type: string | null = null): Sent => ({
  ...{ body: bytes.toString('base64'), encoding: 'base64', type },
})

const { Buffer, FormData, URLSearchParams, Blob, Response } = globalThis
