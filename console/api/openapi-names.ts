/** The paths of a route as OpenAPI writes them: one, or one for each of its forms. */
export const pathsOf = ({ path, forms }: Readonly<{ path: string; forms?: readonly string[] }>): readonly string[] =>
  (forms ?? [path]).map((form) => form.replace(/:([^/]+)/g, '{$1}'))

/** What a path names in braces. */
export const parametersOf = (path: string): readonly string[] =>
  [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name)

/**
 * A name for programs that are made from the document: `getProjectMessages`, `putProject`. It is made of the method and the path, so it stays
 * as long as they do; a word before a parameter is one of many.
 */
export const operationIdOf = (method: string, path: string): string => {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== 'api')
  const words = segments.map((segment, at) => {
    if (segment.startsWith('{')) return segments[at - 1]?.startsWith('{') ? `By-${segment.slice(1, -1)}` : ''
    return segments[at + 1]?.startsWith('{') ? segment.replace(/s$/, '') : segment
  })
  const name = words.flatMap((word) => word.split(/[^A-Za-z0-9]+/)).map(capitalised)
  return [method.toLowerCase(), ...name].join('')
}

/** Where an operation belongs: what is of a project by its kind, the doors, and the rest. */
export const tagOf = (path: string): string => {
  const [first = '', second = '', , fourth = ''] = path.split('/').slice(1)
  if (first === 'i' || first === 'inbox') return 'doors'
  if (first !== 'api') return 'instance'
  if (second === 'projects' && fourth !== '') return fourth.replace(/\..*$/, '').replaceAll('-', ' ')
  return second === 'info' ? 'instance' : second
}

/** In the order in which a reader wants them; a tag that is not here comes after them. */
export const tagTexts: Readonly<Record<string, string>> = {
  doors: 'How a message comes in: anybody who knows the address of a source may send.',
  projects: 'A project is one document: its sources, triggers and jobs.',
  credentials: 'Secrets that jobs use by their names. Only the owner of one reads it.',
  messages: 'What came in, and what became of it.',
  triggers: 'What starts a job.',
  runs: 'What the jobs did.',
  'dead letters': 'What could not be used, and why.',
  instance: 'This installation: how it is, what it measures, and this description of it.',
}

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
