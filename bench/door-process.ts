import { once } from 'node:events'
import { fastify } from 'fastify'
import { deployProject } from '../infra/catalogue/deploy.ts'
import { openCatalogue } from '../infra/catalogue/open.ts'
import { openHttp } from '../infra/http/open.ts'
import { openKafka } from '../infra/kafka/open.ts'
import { openMeter } from '../infra/metrics/open.ts'
import { webhookRoutes } from '../ingress/webhook/routes.ts'
import { anyCode } from '../test/fixtures/any-code.ts'
import { silent } from '../test/fixtures/silent.ts'
import { type Checked, checkDocument } from '../topology/project/check.ts'
import { deploymentOf } from '../topology/project/deployment.ts'
import { parseDocument } from '../topology/project/document.ts'
import { fixedTopics } from '../topology/topics.ts'
import { inbox, project } from './house.ts'

// A door alone: the real one on a real log, or a bare Fastify that parses and answers. Says its URL; ends when its input ends.

const ours = async (broker: string): Promise<AsyncDisposable & Readonly<{ url: string }>> => {
  await using opening = new AsyncDisposableStack()
  const log = opening.use(
    await openKafka({
      brokers: [broker],
      clientId: 'bench',
      replication: 1,
      partitions: { intake: 2, job: 1 },
      embedded: true,
      logger: silent,
    }),
  )
  await log.ensureTopics(fixedTopics)
  const catalogue = opening.use(await openCatalogue(log, { logger: silent }))
  const history = catalogue.history(project.name)
  const deployment = deploymentOf(checkedProject(), { history, othersSourceIds: new Set(), by: 'bench' })
  await deployProject(deployment, { log, catalogue, signal: new AbortController().signal })
  const meter = openMeter()
  const routes = webhookRoutes({ catalogue, log, meter, logger: silent })
  const door = { host: '127.0.0.1', port: 0, adminToken: 'bench', meter, logger: silent }
  const { url } = opening.use(await openHttp({ ...door, routes }))
  const opened = opening.move()
  return { url: url + inbox, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

const bare = async (): Promise<AsyncDisposable & Readonly<{ url: string }>> => {
  const app = fastify()
  app.post(inbox, async (request, reply) => {
    const { kind } = request.body as { kind: string }
    reply.code(202)
    return { message_id: '018f2b1c-0000-7000-8000-000000000000', kind }
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url: url + inbox, [Symbol.asyncDispose]: () => app.close() }
}

const checkedProject = (): Checked => {
  const parsed = parseDocument(JSON.stringify(project), 'json')
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  const options = { project: project.name, othersSourceIds: new Set<string>(), compile: anyCode }
  const result = checkDocument(parsed.document, options)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.checked
}

const [kind, broker = ''] = process.argv.slice(2)
await using door = await (kind === 'ours' ? ours(broker) : bare())
console.log(door.url)
await once(process.stdin.resume(), 'end')
