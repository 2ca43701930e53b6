import { type Static, Type } from 'typebox'
import type { Reply, Request, Route } from '../../topology/http.ts'
import { jsonAnswer, refusal } from '../../topology/http-answers.ts'
import type { FindAdaptors } from '../../topology/project/adaptors.ts'
import type { Catalogue, Deployed } from '../../topology/project/catalogue.ts'
import { type Compile, checkDocument, upstreamIn } from '../../topology/project/check.ts'
import { deletionOf, deploymentOf, type History, sourceIdsOfOthers } from '../../topology/project/deployment.ts'
import { maxDocument, parseDocument } from '../../topology/project/document.ts'
import { writeYaml } from '../../topology/project/write-yaml.ts'
import { mayUse } from '../../topology/words/credential.ts'
import { isName } from '../../topology/words/ids.ts'
import type { Json } from '../../topology/words/json.ts'
import { type Deploy, write } from './deploy.ts'
import { documentText, documentTypes, wantedType } from './document-text.ts'
import { etagOf, refuseStale } from './etag.ts'
import { badDocument, changeAnswers, etagHeader, ifMatch, projectItem } from './project-answers-schema.ts'
import { noProject, projectOf } from './project-of.ts'
import { projectDocument } from './project-schema.ts'
import { badName, refuseDocument } from './refuse-document.ts'
import { pageOf } from './schema-words.ts'
import { sourcesOf } from './sources.ts'

export type ProjectDeps = Readonly<{
  catalogue: Pick<Catalogue, 'projects' | 'credentials'> & Readonly<{ history(project: string): History }>
  deploy: Deploy
  compile: Compile
  findAdaptors: FindAdaptors
  /** What addresses of sources begin with; no slash at its end. */
  publicUrl: () => string
}>

/** Projects as documents: read, checked, deployed, deleted. */
export const projectRoutes = (deps: ProjectDeps): readonly Route[] => {
  const one = { path: '/api/projects/:project', access: 'token', bodyLimit: 0 } as const
  return [
    {
      ...one,
      method: 'GET',
      path: '/api/projects',
      summary: 'All projects, with the addresses of their sources',
      answers: { 200: jsonAnswer('All of them, by name; there is no next page', pageOf(projectItem)) },
      handle: () => ({ status: 200, body: { items: itemsOf(deps), next: null } }),
    },
    {
      ...one,
      method: 'GET',
      summary: 'The document of a project',
      description: 'In JSON, or in YAML for a caller with `Accept: application/yaml`.',
      answers: {
        200: {
          description: 'As it was sent, with the ids of its sources; of YAML neither layout nor comments are kept',
          content: Object.fromEntries(documentTypes.map((mediaType) => [mediaType, projectDocument])),
          headers: etagHeader,
        },
        404: refusal('There is no such project.'),
      },
      handle: (request) => read(deps, request),
    },
    {
      ...one,
      method: 'PUT',
      summary: 'Checks a document and deploys it',
      description:
        'All of it is checked before anything changes, and it takes effect at once or not at all. `dry_run=true` says the same and does nothing.',
      accepts: {
        headers: ifMatch,
        body: Object.fromEntries(documentTypes.map((mediaType) => [mediaType, projectDocument])),
      },
      answers: {
        ...changeAnswers,
        400: badDocument('The document cannot be read, or the name cannot be one.'),
        415: refusal('The document is neither JSON nor YAML by its content type.'),
        422: badDocument('The document is not right: every problem of it, with its path and place.'),
      },
      query: changeQuery,
      bodyLimit: maxDocument,
      handle: (request) => put(deps, request),
    },
    {
      ...one,
      method: 'DELETE',
      summary: 'Takes a project out of force',
      description:
        'Its history stays, and so do the versions of its jobs. `dry_run=true` says the same and does nothing.',
      accepts: { headers: ifMatch },
      answers: { ...changeAnswers, 404: refusal('There is no such project.') },
      query: changeQuery,
      handle: (request) => remove(deps, request),
    },
  ]
}

const changeQuery = Type.Object({ dry_run: Type.Optional(Type.Boolean()) }, { additionalProperties: false })

const itemsOf = ({ catalogue, publicUrl }: ProjectDeps): readonly Static<typeof projectItem>[] =>
  [...catalogue.projects().values()]
    .toSorted((a, b) => (a.project.name < b.project.name ? -1 : 1))
    .map((deployed) => itemOf(deployed, publicUrl()))

const itemOf = ({ project, deploy, deployedAt }: Deployed, url: string): Static<typeof projectItem> => ({
  name: project.name,
  description: project.description,
  deploy,
  deployed_at: deployedAt,
  sources: sourcesOf(project, { publicUrl: url }),
  triggers: [...project.triggers.values()].map(({ name, kind }) => ({ name, type: kind })),
  jobs: [...project.jobs.values()].map(({ name, version, enabled }) => ({ name, version, enabled })),
})

const read = ({ catalogue }: ProjectDeps, request: Request): Reply => {
  const deployed = projectOf(catalogue, request)
  if (deployed === undefined) return noProject(request)
  const headers = { etag: etagOf(deployed.deploy), vary: 'accept' }
  const type = wantedType(request)
  if (type === 'application/json') return { status: 200, headers, body: deployed.document }
  return { status: 200, headers: { ...headers, 'content-type': type }, body: writeYaml(deployed.document as Json) }
}

const put = async (deps: ProjectDeps, request: Request): Promise<Reply> => {
  const name = request.params['project'] ?? ''
  if (!isName(name)) return badName(name, 'project')
  const text = documentText(request)
  if (text.kind === 'refused') return text.reply
  const parsed = parseDocument(text.text, text.format)
  if ('problems' in parsed) return refuseDocument(400, 'The document cannot be read.', parsed.problems)

  const adaptors = await deps.findAdaptors(upstreamIn(parsed.document)) // may take a while: what follows is as it is then
  const othersSourceIds = sourceIdsOfOthers(deps.catalogue.projects(), name)
  const { compile, catalogue } = deps
  const usable = [...catalogue.credentials().values()].filter((credential) => mayUse(credential, name))
  const credentials = new Set(usable.map((credential) => credential.name))
  const checks = { project: name, othersSourceIds, credentials, adaptors, compile }
  const result = checkDocument(parsed.document, checks)
  if ('problems' in result)
    return refuseDocument(422, 'The document is not right; nothing was changed.', result.problems)
  const history = deps.catalogue.history(name)
  const stale = refuseStale(request, history)
  if (stale !== undefined) return stale
  const deployment = deploymentOf(result.checked, { history, othersSourceIds, by: 'admin' })
  return await write(deps, { deployment, history, request })
}

const remove = async (deps: ProjectDeps, request: Request): Promise<Reply> => {
  const deployed = projectOf(deps.catalogue, request)
  if (deployed === undefined) return noProject(request)
  const history = deps.catalogue.history(deployed.project.name)
  const stale = refuseStale(request, history)
  if (stale !== undefined) return stale
  return await write(deps, {
    deployment: deletionOf(deployed.project.name, { history, by: 'admin' }),
    history,
    request,
  })
}
