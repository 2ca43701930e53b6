import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adaptorFinder } from '../../processors/runner/adaptors/upstream/find.ts'
import { type OpenSandbox, openSandbox } from '../../processors/runner/sandbox/open.ts'
import type { AdaptorBundle, UpstreamAdaptor } from '../../topology/project/adaptors.ts'
import type { Outcome } from '../../topology/words/run.ts'
import { localPackages, moduleOf } from '../fixtures/local-packages.ts'
import { openTarget, runHost, type Target } from '../fixtures/run-host.ts'
import { jobOf, run } from './sandbox-jobs.ts'

const shop: UpstreamAdaptor = '@openfn/language-shop@1.2.3'

/** An adaptor that asks by Node's own modules: `ask` settles with what the request comes to, and `each` is told of the request. */
const text = `import http from 'http'
import https from 'node:https'
const told = (state, answer) => new Promise((resolve) => {
  let text = ''
  answer.setEncoding('utf8').on('data', (piece) => (text += piece)).on('end', () => resolve({ ...state, text, status: answer.statusCode, headers: answer.headers, raw: answer.rawHeaders.length }))
})
const ask = (make) => (state) => new Promise((resolve, reject) => make(state.configuration.url, (answer) => resolve(told(state, answer)), state).on('error', reject))
export const byUrl = () => ask((url, answered) => http.get(url + '/a?b=1', answered))
export const byObject = () => ask((url, answered) => http.get(new URL(url + '/a'), { headers: { 'X-One': ['1', '2'] }, auth: 'me:secret' }, answered))
export const byOptions = () => ask((url, answered) => {
  const { hostname, port } = new URL(url)
  const request = http.request({ hostname, port, path: '/p', method: 'post', headers: { host: hostname + ':' + port }, agent: new http.Agent({ keepAlive: true }) }, answered)
  request.setHeader('X-Two', 'ö'.length)
  request.write('ä')
  request.write(Buffer.from('b'))
  return request.end('c')
})
export const late = () => ask((url, answered) => { const request = http.get(url + '/never', answered); return request.setTimeout(20, () => request.destroy(new Error('too late'))) })
export const lateByOption = () => ask((url, answered) => { const request = http.get(url + '/never', { timeout: 20 }, answered); return request.on('timeout', () => request.abort()) })
export const aborted = () => ask((url, answered) => { const controller = new AbortController(); setTimeout(() => controller.abort(new Error('not wanted')), 5); return http.get(url + '/never', { signal: controller.signal }, answered) })
export const nobody = () => ask((_, answered) => http.get('http://127.0.0.1:1/', answered))
export const nowhere = () => ask((_, answered) => http.get({ host: 'a b' }, answered))
export const socket = () => ask((_, answered) => http.get({ socketPath: '/var/run/docker.sock' }, answered))
export const certificate = () => ask((url, answered) => https.get(url, { agent: new https.Agent({ pfx: 'a' }) }, answered))
export const served = () => (state) => http.createServer()
export const known = () => (state) => ({ ...state, word: http.STATUS_CODES[404], secure: https.request('https://a.example').protocol })
export const unheard = () => (state) => new Promise((resolve) => http.get(state.configuration.url).on('close', () => resolve({ ...state, closed: true })))
export const evaluated = () => (state) => { const evaluate = eval; return evaluate('1') }`

const failed = ({ code, message }: Error & Readonly<{ code?: string }>) => ({ error: { code, message } })

describe('requests of an adaptor by http.request', () => {
  let dir = ''
  let sandbox: OpenSandbox
  let bundle: AdaptorBundle
  let target: Target

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'adaptors-'))
    sandbox = await openSandbox({ version: '1.2.3' })
    const packages = localPackages(moduleOf('@openfn/language-shop', text))
    const found = (await adaptorFinder({ packages, dir })([shop])).get(shop)
    if (!found || 'problem' in found) throw new Error(found?.problem)
    bundle = found.bundle
    target = await openTarget(({ method, url, headers, body }, to) => {
      if (url === '/never') return
      const bytes = Buffer.from(body, 'latin1').toString()
      const seen = {
        method,
        url,
        body: bytes,
        one: headers['x-one'],
        two: headers['x-two'],
        auth: headers.authorization,
      }
      to.setHeader('x-tag', ['a', 'b']).setHeader('content-encoding', 'identity').end(JSON.stringify(seen))
    })
  })
  afterAll(async () => {
    await sandbox[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  const outcomeOf = (code: string): Promise<Outcome> => {
    const { http } = runHost()
    const answer = async ({ text }: { text: string }) => JSON.stringify(await http(JSON.parse(text)).catch(failed))
    const state = JSON.stringify({ configuration: { url: target.url } })
    const job = jobOf(code, { adaptor: shop, bundle })
    return sandbox.run({ run, job, state, answer }, new AbortController().signal)
  }

  test.each([
    ['byUrl()', { method: 'GET', url: '/a?b=1', body: '' }],
    ['byObject()', { method: 'GET', url: '/a', one: '1, 2', auth: 'Basic bWU6c2VjcmV0' }],
    ['byOptions()', { method: 'POST', url: '/p', body: 'äbc', two: '1' }],
  ])('leave by the way of its run, and their answers come as streams: %s', async (code, seen) => {
    const outcome = await outcomeOf(code)
    expect(outcome.error).toBe(null)
    const { text, headers, ...state } = JSON.parse(outcome.state ?? '')
    expect(JSON.parse(text)).toMatchObject(seen)
    expect(state).toMatchObject({ status: 200 })
    expect(headers).toMatchObject({ 'x-tag': ['a', 'b'] })
    expect(headers).not.toHaveProperty('content-encoding')
  })

  test.each([
    ['late()', 'too late'],
    ['lateByOption()', 'socket hang up'],
    ['aborted()', 'not wanted'],
    ['nobody()', 'no answer from 127.0.0.1:1'],
    ['nowhere()', expect.stringContaining('Invalid URL')],
    ['socket()', 'http.request cannot use a socketPath in a job: it has HTTP and no sockets'],
    ['certificate()', 'tls.pfx is not available: requests use the certificates of this server'],
    ['served()', 'http.createServer is not available in a job: it asks and does not answer'],
    ['evaluated()', 'This adaptor makes code of text (eval, new Function), and no code in a job may'],
  ])('end with an error that can be caught: %s', async (code, message) => {
    expect((await outcomeOf(code)).error).toMatchObject({ message, operation: code.slice(0, -2), line: 1 })
  })

  test('have around them what libraries look for', async () => {
    const outcome = await outcomeOf('known()\nunheard()')
    expect(outcome.error).toBe(null)
    expect(JSON.parse(outcome.state ?? '')).toMatchObject({ word: 'Not Found', secure: 'https:', closed: true })
  })
})
