import { fileURLToPath } from 'node:url'

/** Where the numbered SQL files lie that make the tables and views of this sink. */
export const schemaDir: string = fileURLToPath(new URL('schema', import.meta.url))
