import { type Static, Type } from 'typebox'
import type { Route } from '../../topology/http.ts'
import { jsonAnswer } from '../../topology/http-answers.ts'
import { closed, texts } from './schema-words.ts'

/** What `npm start` prints, for programs. */
export type Info = Readonly<Static<typeof infoSchema>>

const infoSchema = closed(
  {
    version: Type.String(),
    kafka_brokers: Type.String({ description: '`host:port`, several with commas between' }),
    clickhouse_url: Type.String({ description: "with the people's login" }),
    metrics_url: Type.String(),
    public_url: Type.String(),
    roles: texts('each role and how it is: `ok`, or a sentence'),
  },
  {
    $id: 'Info',
    examples: [
      {
        version: '0.1.0',
        kafka_brokers: '127.0.0.1:9092',
        clickhouse_url: 'http://people:…@127.0.0.1:8123',
        metrics_url: 'http://127.0.0.1:4000/metrics',
        public_url: 'http://127.0.0.1:4000',
        roles: { filter: 'ok', runner: 'ok', follow: 'ok', sink: 'ok' },
      },
    ],
  },
)

export const infoRoute = (info: () => Info | Promise<Info>): Route => ({
  method: 'GET',
  path: '/api/info',
  access: 'token',
  summary: 'Version, addresses, roles and their health',
  answers: { 200: jsonAnswer('Where everything is', infoSchema) },
  bodyLimit: 0,
  handle: async () => ({ status: 200, body: await info() }),
})
