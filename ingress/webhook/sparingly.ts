/** Says that something happened: the first time at once, then at most once in `everyMs`, with how often it was since. */
export const sparingly = (everyMs: number, say: (times: number) => void): (() => void) => {
  let times = 0
  let pausing = false

  const speak = (): void => {
    pausing = times > 0
    if (!pausing) return
    say(times)
    times = 0
    setTimeout(speak, everyMs).unref()
  }
  return () => {
    times++
    if (!pausing) speak()
  }
}
