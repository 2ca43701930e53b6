import { Pool } from 'undici'
import { pinned } from './pinned.ts'

/** Connections that are kept, by origin and the addresses that they may go to. */
export type Pools = AsyncDisposable &
  Readonly<{
    /** A pool whose connections go to one of these addresses and nowhere else, for as long as `use` takes. */
    run<T>(to: Destination, use: (pool: Pool) => Promise<T>): Promise<T>
  }>

export type Destination = Readonly<{ origin: string; addresses: readonly string[] }>

export type PoolsOptions = Readonly<{ ca?: readonly string[] | undefined; maxHeaderBytes: number; connectMs: number }>

/**
 * A pool belongs to addresses, not to a project: who may use it was decided of these very addresses, so a kept connection leads nobody where
 * they may not go. It never asks for a name again. Pools that nobody uses go when there are many.
 */
export const openPools = ({ ca, maxHeaderBytes, connectMs }: PoolsOptions): Pools => {
  const pools = new Map<string, { pool: Pool; users: number }>() // the one that was used last comes last
  const make = ({ origin, addresses }: Destination): Pool =>
    new Pool(origin, {
      allowH2: false,
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: 0, // a call has one limit of time, from its begin to its end
      bodyTimeout: 0,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 60_000,
      connect: { timeout: connectMs, lookup: pinned(addresses), ...(ca && { ca: [...ca] }) },
    })
  const dropUnused = (): void => {
    for (const [key, { pool, users }] of pools) {
      if (pools.size <= maxPools) return
      if (users > 0) continue
      pools.delete(key)
      void pool.close()
    }
  }
  return {
    async run(to, use) {
      const key = [to.origin, ...[...to.addresses].sort()].join(' ')
      const entry = pools.get(key) ?? { pool: make(to), users: 0 }
      pools.delete(key)
      pools.set(key, entry)
      entry.users++
      dropUnused()
      try {
        return await use(entry.pool)
      } finally {
        entry.users--
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()))
    },
  }
}

const maxPools = 1_000
