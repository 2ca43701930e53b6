import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { demoMessages } from './messages.ts'

export type DemoTo = Readonly<{ url: string; token: string; signal: AbortSignal }>

/** The demo's webhook source, as the README has it. */
export const demoSource = '54804f1a-4a70-4392-97cb-1f350e98e9c8'
export const demoProject = 'demo'

/** Deploys the demo and sends its messages, as a person would by HTTP; resolves when all that they cause has run (or after half a minute). */
export async function seedDemo({ url, token, signal }: DemoTo): Promise<void> {
  const api = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers }
    const answer = await fetch(url + path, { ...init, headers, signal })
    if (!answer.ok) throw new Error(`the demo got ${answer.status} from ${path}: ${await answer.text()}`)
    return answer
  }
  await api(`/api/projects/${demoProject}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/yaml' },
    body: readFileSync(new URL('project.yaml', import.meta.url)),
  })
  const messages = demoMessages()
  for (const message of messages) {
    await api(`/inbox/${demoSource}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
    })
  }
  for (let asked = 0; asked < 120; asked++) {
    const { items } = (await (await api(`/api/projects/${demoProject}/messages?limit=1000`)).json()) as Messages
    const open = items.filter(({ status }) => status === 'running' || status === null)
    if (items.length >= messages.length && open.length === 0) return
    await sleep(250, undefined, { signal })
  }
}

type Messages = Readonly<{ items: readonly Readonly<{ status: string | null }>[] }>
