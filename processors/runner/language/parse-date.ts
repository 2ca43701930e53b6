/**
 * What a cursor's words stand for: `now` and `end` the present, `start` the given time, `today` and `yesterday` their midnight, `3 hours ago` that
 * time, `3 days ago` the midnight of that day. Any other text is given back as it is.
 */
export const parseDate = (text: unknown, start?: Date): unknown => {
  if (text === 'start') return start
  if (text === 'now' || text === 'end') return new Date()
  if (text === 'today') return midnight(0)
  if (text === 'yesterday') return midnight(1)
  const [, count, unit] = /(\d+)\D*(hour|day)s? ago$/.exec(String(text)) ?? []
  if (typeof text !== 'string' || count === undefined) return text
  return unit === 'hour' ? new Date(Date.now() - Number(count) * 3_600_000) : midnight(Number(count))
}

/** In the time zone of the machine. */
const midnight = (daysAgo: number): Date => {
  const now = new Date()
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo)
}
