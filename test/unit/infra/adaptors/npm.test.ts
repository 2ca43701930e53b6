import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { npmPackages } from '../../../../infra/adaptors/npm.ts'
import { readNpmEnvironment } from '../../../../infra/config.ts'
import { runningProcess } from '../../../../infra/embedded/process-id.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'penstock-npm-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** A program that is found as `npm`, and the environment of someone who starts Penstock. */
const environment = (program: string): NodeJS.ProcessEnv => {
  writeFileSync(join(dir, 'npm'), `#!/bin/sh\n${program}\n`)
  chmodSync(join(dir, 'npm'), 0o755)
  return {
    ...{ PATH: `${dir}:/usr/bin:/bin`, HOME: '/home/someone', TMPDIR: '/tmp', https_proxy: 'http://proxy.example' },
    ...{ NO_PROXY: 'registry.example', npm_config_registry: 'http://registry.example', NPM_CONFIG_CACHE: '/cache' },
    NODE_EXTRA_CA_CERTS: '/authority.pem',
    ...{ SECRET_KEY: 's3cret', KAFKA_SASL_PASSWORD: 's3cret', ADMIN_TOKEN: 's3cret', NODE_OPTIONS: '--inspect' },
  }
}

test('npm gets of the environment what is for it, and no secret', async () => {
  const env = environment(`env > '${dir}/env'; echo '"1.2.3"'`)
  const packages = npmPackages(dir, { env: () => readNpmEnvironment(env) })
  expect(await packages.newest('@openfn/language-shop')).toBe('1.2.3')
  const seen = readFileSync(join(dir, 'env'), 'utf8')
  expect(seen).not.toContain('s3cret')
  const ofShell = ['PWD', 'OLDPWD', 'SHLVL', '_']
  const names = [...seen.matchAll(/^(\w+)=/gm)].map(([, name = '']) => name).filter((name) => !ofShell.includes(name))
  expect(names.toSorted()).toEqual(
    'HOME NODE_EXTRA_CA_CERTS NO_PROXY NPM_CONFIG_CACHE PATH TMPDIR https_proxy npm_config_registry'
      .split(' ')
      .toSorted(),
  )
})

test('past its time npm ends with all that it has started', async () => {
  const env = environment(`sleep 600 & echo $! > '${dir}/pid'; wait`)
  const packages = npmPackages(dir, { env: () => readNpmEnvironment(env), limitMs: 1_000 })
  await expect(packages.newest('@openfn/language-shop')).rejects.toThrow(
    'npm did not have @openfn/language-shop after 1 s: try again.',
  )
  const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'))
  expect(pid).toBeGreaterThan(1)
  await vi.waitUntil(() => runningProcess(pid) === undefined)
})

test('a registry whose certificate nobody vouches for is told with the remedy', async () => {
  const said = { code: 'SELF_SIGNED_CERT_IN_CHAIN', summary: 'request to https://registry.example/x failed' }
  const env = environment(`echo '${JSON.stringify({ error: said })}'; exit 1`)
  const packages = npmPackages(dir, { env: () => readNpmEnvironment(env) })
  await expect(packages.newest('@openfn/language-shop')).rejects.toThrow(
    'npm does not trust the certificate of its registry registry.example (SELF_SIGNED_CERT_IN_CHAIN): name its authority in NODE_EXTRA_CA_CERTS',
  )
})

test('npm that ends with an error is told with its words', async () => {
  const env = environment(`echo '{"error":{"code":"EODD","summary":"it is odd"}}'; exit 1`)
  const packages = npmPackages(dir, { env: () => readNpmEnvironment(env) })
  await expect(packages.newest('@openfn/language-shop')).rejects.toThrow(
    'npm could not install @openfn/language-shop (EODD): it is odd',
  )
})
