import type { Route } from '../../topology/http.ts'

/** What `npm start` prints, for programs. */
export type Info = Readonly<{
  version: string
  /** `host:port`, several with commas between. */
  kafka_brokers: string
  /** With the people's login. */
  clickhouse_url: string
  metrics_url: string
  public_url: string
  /** Each role and how it is: `ok`, or a sentence. */
  roles: Readonly<Record<string, string>>
}>

export const infoRoute = (info: () => Info | Promise<Info>): Route => ({
  method: 'GET',
  path: '/api/info',
  access: 'token',
  summary: 'Version, addresses, roles and their health',
  bodyLimit: 0,
  handle: async () => ({ status: 200, body: await info() }),
})
