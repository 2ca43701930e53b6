/** Where programs of this machine are looked for. */
export type Tools = Readonly<{ path?: string | undefined; javaHome?: string | undefined }>

export const readTools = (env: NodeJS.ProcessEnv = process.env): Tools => ({
  path: env['PATH'],
  javaHome: env['JAVA_HOME'],
})
