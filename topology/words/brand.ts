declare const brand: unique symbol

/** A string that is not just any string. Only the parser or maker that checks it may make one. */
export type Brand<Name extends string> = string & { readonly [brand]: Name }
