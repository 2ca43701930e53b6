/** Where everything is, as a person reads it after a start: each command works as printed. */
export const bannerOf = (up: Up): string =>
  [
    '',
    `  Penstock ${up.version} is up.`,
    '',
    `  inbox     ${up.url}/inbox/${up.source ?? '<source id>'}`,
    ...(up.source === null ? [] : ['', `  ${curlOf(up.url, up.source)}`, '']),
    `  API       ${up.url}/api/projects        token: ${up.tokenPlace}`,
    `  its docs  ${up.url}/docs`,
    `  SQL       ${up.store.url}        login: ${up.store.login}`,
    ...(up.store.ask === null ? [] : ['', `  ${up.store.ask}`, '']),
    `  Kafka     ${up.kafka}`,
    `  metrics   ${up.url}/metrics`,
    '',
    '  SQL sees all projects. Ctrl-C stops everything; the next start finds it again.',
    '',
  ].join('\n')

export type Up = Readonly<{
  version: string
  url: string
  /** A webhook source to show, or null when none is deployed. */
  source: string | null
  /** Where the admin token is, never the token itself. */
  tokenPlace: string
  store: Readonly<{ url: string; login: string; ask: string | null }>
  kafka: string
}>

/** A query as the people's login, with its password read from its file. */
export const askOf = (url: string, passwordFile: string): string =>
  `curl '${url}/' --user "people:$(cat ${quoted(passwordFile)})" --data-binary ` +
  "'SELECT job, status, count() FROM penstock.runs GROUP BY job, status ORDER BY job, status FORMAT PrettyCompact'"

const curlOf = (url: string, source: string): string =>
  `curl -X POST ${url}/inbox/${source} -H 'content-type: application/json' -d '${sample}'`

/** As one word of a shell, where it would not be one by itself. */
const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)

const sample = JSON.stringify({
  formID: 'patient_registration_v7',
  name: 'Sample Willow',
  dob: '1990-01-31',
  medications: ['zinc'],
})
