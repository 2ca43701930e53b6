import { createServer } from 'node:net'
import { StartProblem } from '../start-problem.ts'

/** Ports that nobody on this machine listens on at the moment, all different. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<readonly number[]> {
  await using held = new AsyncDisposableStack()
  const ports: number[] = []
  while (ports.length < count) {
    const taken = held.use(await listen(0, host))
    ports.push(taken.port)
  }
  return ports
}

/** True when nobody listens on this port now. */
export async function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  try {
    await using _taken = await listen(port, host)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw error
  }
}

/** Refuses, with a sentence that names the setting, a port that the user chose and that is not to be had. */
export async function needPort(
  setting: string,
  { port, host }: Readonly<{ port: number; host?: string }>,
): Promise<void> {
  const problem = await isFree(port, host).then(
    (free) => (free ? undefined : 'is in use by another program'),
    (error: Error) => `cannot be opened (${error.message})`,
  )
  if (problem) throw new StartProblem(`Port ${port} ${problem}: choose another one with ${setting}=<port>.`)
}

const listen = async (port: number, host: string): Promise<AsyncDisposable & { readonly port: number }> => {
  const server = createServer()
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen({ port, host, exclusive: true }, resolve),
  )
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
