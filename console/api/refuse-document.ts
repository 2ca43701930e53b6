import { problem, type Reply } from '../../topology/http.ts'
import type { Problem } from '../../topology/project/problems.ts'

/** A document that cannot be read (400), or says what is not right (422): with every problem of it. */
export const refuseDocument = (status: 400 | 422, detail: string, problems: readonly Problem[]): Reply =>
  problem(status, status === 400 ? 'Bad Request' : 'Unprocessable Content', detail, { extra: { problems } })

/** `of`: what has such a name. */
export const badName = (name: string, of: 'project' | 'credential'): Reply =>
  problem(
    400,
    'Bad Request',
    `${JSON.stringify(name.slice(0, 100))} cannot be the name of a ${of}: take 1 to 63 of a-z, 0-9 and -, not beginning with -.`,
  )
