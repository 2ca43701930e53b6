import { AbortController } from './abort.ts'
import { Blob, File } from './blob.ts'
import { Buffer } from './buffer.ts'
import { DOMException } from './dom-exception.ts'
import { atob, btoa, TextEncoder } from './encoding.ts'
import { FormData } from './form-data.ts'
import { Headers } from './headers.ts'
import { Request } from './request.ts'
import { Response } from './response.ts'
import { structuredClone } from './structured-clone.ts'
import { TextDecoder } from './text-decoder.ts'
import { URL, URLSearchParams } from './url.ts'

/** What the web and Node have beside the language, and an isolate has not (`semantics.md` 7). All of it may be frozen; nothing of it keeps anything. */
export const webGlobals: Readonly<Record<string, unknown>> = {
  ...{ AbortController, Blob, Buffer, DOMException, File, FormData, Headers, Request, Response },
  ...{ TextDecoder, TextEncoder, URL, URLSearchParams, atob, btoa, structuredClone },
  queueMicrotask: (action: () => void): void => {
    if (typeof action !== 'function') throw new TypeError('queueMicrotask takes a function')
    void Promise.resolve().then(action)
  },
}
