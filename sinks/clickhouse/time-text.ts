/** A time as ClickHouse can hold it, in milliseconds since 1970, so that no clock in the world makes a row or a question impossible. */
export const timeWithin = (ms: number): number => Math.min(Math.max(Math.trunc(ms) || 0, 0), lastTime)

/** The same as ClickHouse reads it, in UTC. */
export const timeText = (time: Date): string => new Date(timeWithin(time.getTime())).toISOString().slice(0, 23)

const lastTime = Date.UTC(2299, 11, 31)
