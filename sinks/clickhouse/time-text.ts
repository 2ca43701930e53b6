/** As ClickHouse reads times, in UTC; kept within what it can hold, so that no clock in the world makes a row or a question impossible. */
export const timeText = (time: Date): string =>
  new Date(Math.min(Math.max(time.getTime() || 0, 0), lastTime)).toISOString().slice(0, 23)

const lastTime = Date.UTC(2299, 11, 31)
