import { AdaptorError } from '../../language/http/failure.ts'
import { asRecord } from '../../language/http/options.ts'
import type { Refused, Told } from '../ask.ts'

/** Salesforce's own code and sentence. An external id that several records have is answered 300, with their addresses. */
export const told = ({ statusCode, message, body }: Refused): Told => {
  if (statusCode === 300 && Array.isArray(body)) {
    const facts = { records: body }
    return { code: 'DUPLICATE_EXTERNAL_ID', message: `${body.length} records have this external id`, facts }
  }
  const errors = (Array.isArray(body) ? body : []).map(asRecord)
  const [first] = errors
  if (typeof first?.['errorCode'] !== 'string') return { code: `HTTP_${statusCode}`, message, facts: { body } }
  return { code: first['errorCode'], message: errors.map(sentence).join('; '), facts: { errors } }
}

/** What a collection of records, or a bulk job, says of those that it did not take. */
export const notTaken = (failures: readonly unknown[], of: number): AdaptorError => {
  const all = failures.flatMap((failure) => errorsIn(asRecord(failure)))
  const own = all.filter((error) => codeOf(error) !== 'ALL_OR_NONE_OPERATION_ROLLED_BACK') // that is others' fault
  const told = own.slice(0, mostTold).map(sentence).join('; ')
  return new AdaptorError(
    codeOf(own[0] ?? {}) ?? 'RECORDS_NOT_TAKEN',
    `Salesforce did not take ${failures.length} of ${of} records: ${told}`,
    { failures: failures.slice(0, mostStored) },
  )
}

const errorsIn = ({ errors }: Readonly<Record<string, unknown>>): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(errors) ? errors.map((error) => (typeof error === 'string' ? { message: error } : asRecord(error))) : []

const codeOf = ({ errorCode, statusCode }: Readonly<Record<string, unknown>>): string | undefined =>
  [errorCode, statusCode].find((code) => typeof code === 'string') as string | undefined

const sentence = (error: Readonly<Record<string, unknown>>): string =>
  [codeOf(error), error['message']].filter((part) => part !== undefined).join(': ')

const mostTold = 3
const mostStored = 100
