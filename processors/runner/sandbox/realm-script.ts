import { fileURLToPath } from 'node:url'
import { build, stop } from 'esbuild'

/**
 * The script that makes a bare isolate nearly a realm for jobs: `ses`, the language, intrinsics that can be frozen. It leaves one global,
 * `penstock`: a function that does the rest, gives the realm's door (`realm/runs.ts`), and is no global any longer. Bundled once in a process.
 */
export const realmScript = (): Promise<string> => (made ??= make())

let made: Promise<string> | undefined

const make = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('realm/main.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'penstock',
    platform: 'browser',
    target: 'es2024',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'silent',
  })
  await stop() // esbuild would keep its process for the next bundle, and there is none
  return `globalThis.penstock = (() => { 'use strict'; ${outputFiles[0]?.text ?? ''}; return penstock.open })()`
}
