/** Node's module `buffer`. */
export const { Buffer, Blob, File, atob, btoa } = globalThis
export const kMaxLength: number = 2 ** 31 - 1
export const constants: object = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: 2 ** 29 - 24 }
export const SlowBuffer: unknown = Buffer
