/** A function in a CPU profile, as V8 names it; natives have no URL. */
export type Frame = Readonly<{ functionName: string; url: string }>

/** To which part of the house a function belongs; undefined for idle time. */
export const partOf = ({ functionName, url }: Frame): string | undefined => {
  if (functionName === '(idle)') return undefined
  if (functionName === '(garbage collector)') return 'garbage collector'
  if (url === '') return nativeOf(functionName)
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
  if (library !== undefined) return libraries[library] ?? library
  if (url.startsWith('node:')) return nodePart(url)
  return /\/((?:topology|infra|processors|sinks|ingress|console)\/[^/]+)/.exec(url)?.[1] ?? 'others'
}

const nativeOf = (name: string): string => {
  if (name === 'parse' || name === 'stringify') return 'JSON (V8)'
  if (name === '(program)') return 'V8 and system calls without a name'
  return syscalls.test(name) ? 'socket writes' : 'V8 natives'
}

const syscalls = /^(writev?|writeBuffer|writeUtf8String|writeLatin1String|shutdown|readStart)$/

const nodePart = (url: string): string => {
  const found = nodeParts.find(([mark]) => mark.test(url))
  return found?.[1] ?? 'node: others'
}

const nodeParts = [
  [/http|_http/, 'node:http'],
  [/net|stream_base|tty|tls/, 'node:net'],
  [/stream|event/, 'node:stream, events'],
  [/buffer|string_decoder/, 'node:buffer'],
  [/timers|task_queues|async_hooks|promise/, 'node:timers, promises'],
  [/crypto/, 'node:crypto'],
  [/abort|event_target/, 'node:abort'],
] as const

const libraries: Readonly<Record<string, string>> = { '@platformatic/dynamic-buffer': '@platformatic/kafka' }
