import { Socket } from 'node:net'

// Loaded into the sandbox's child before its own code: notes how long after a frame was read from the pipe its answer was given to the kernel,
// and how long after it the kernel had taken it (and woken the parent, which may run first). SIGUSR2 prints those milliseconds, and microseconds
// of CPU, since the last time, as a line of JSON.

const { push, _write } = Socket.prototype
let [given, taken]: [number[], number[]] = [[], []]
let readAt: number | undefined
let cpu = process.cpuUsage()

Socket.prototype.push = function (...chunk) {
  readAt ??= performance.now()
  return push.apply(this, chunk)
}
Socket.prototype._write = function (...chunk) {
  const givenAt = performance.now()
  _write.apply(this, chunk)
  if (readAt === undefined) return
  given.push(givenAt - readAt)
  taken.push(performance.now() - readAt)
  readAt = undefined
}

process.on('SIGUSR2', () => {
  const { user, system } = process.cpuUsage(cpu)
  console.log(JSON.stringify({ given, taken, cpu: user + system }))
  given = []
  taken = []
  cpu = process.cpuUsage()
})
