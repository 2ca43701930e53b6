/** Node's module `process`. */
export const whole: object = (globalThis as unknown as Readonly<{ process: object }>).process
