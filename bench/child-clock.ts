import { Socket } from 'node:net'

// Loaded into the sandbox's child before its own code: notes from when a frame was read from the pipe to when its answer was written.
// SIGUSR2 prints milliseconds and microseconds of CPU since the last time, as a line of JSON.

const { push, _write, _writev } = Socket.prototype
let took: number[] = []
let begun: number | undefined
let cpu = process.cpuUsage()

const note = (): void => {
  if (begun !== undefined) took.push(performance.now() - begun)
  begun = undefined
}

Socket.prototype.push = function (...chunk) {
  begun ??= performance.now()
  return push.apply(this, chunk)
}
Socket.prototype._write = function (...chunk) {
  _write.apply(this, chunk)
  note()
}
Socket.prototype._writev = function (...chunks) {
  _writev?.apply(this, chunks)
  note()
}

process.on('SIGUSR2', () => {
  const { user, system } = process.cpuUsage(cpu)
  console.log(JSON.stringify({ took, cpu: user + system }))
  took = []
  cpu = process.cpuUsage()
})
