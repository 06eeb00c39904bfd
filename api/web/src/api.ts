// The server's verbs as functions. Same origin, cookie session; every failure is a `Problem` with words to show.

import type { City, Decision, Incident, Position, Reach, Report, Session } from './types'

const ROOT = '/api/v1'
const PATIENCE_MS = 15_000

export class Problem extends Error {
  constructor(
    readonly status: number, // 0: the server was not reached
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly { where: string; message: string }[] = [],
  ) {
    super(detail || title)
  }
}

interface Request {
  body?: unknown // JSON, or a form with files
  key?: string
  signal?: AbortSignal
  patience_ms?: number
}

export async function call<T>(method: string, path: string, { body, key, signal, patience_ms = PATIENCE_MS }: Request = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  const form = body instanceof FormData // the browser names its type, with the boundary
  if (body !== undefined && !form) headers['Content-Type'] = 'application/json'
  if (key) headers['Idempotency-Key'] = key
  const deadline = AbortSignal.timeout(patience_ms)
  let response: Response
  try {
    response = await fetch(ROOT + path, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      body: body === undefined ? null : form ? body : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem(0, '', '', '')
  }
  const text = await response.text()
  const json: unknown = text && response.headers.get('Content-Type')?.includes('json') ? JSON.parse(text) : null
  if (response.ok) return json as T
  const problem = (json ?? {}) as { code?: unknown; title?: unknown; detail?: unknown; errors?: Problem['errors'] }
  const detail = typeof problem.detail === 'string' ? problem.detail : problem.detail ? JSON.stringify(problem.detail) : ''
  throw new Problem(response.status, String(problem.code ?? ''), String(problem.title ?? response.statusText), detail, problem.errors)
}

export const get = <T>(path: string, signal?: AbortSignal) => call<T>('GET', path, signal ? { signal } : {})
const post = <T>(path: string, body: unknown = {}, more: Request = {}) => call<T>('POST', path, { body, ...more })
export const id = encodeURIComponent

export const api = {
  session: () => get<Session>('/session'),
  login: (username: string, password: string) => post<Session | null>('/session', { username, password }),
  logout: () => call<null>('DELETE', '/session'),
  city: () => get<City>('/city'),
  decisions: (incident: string) => get<Decision[]>(`/incidents/${id(incident)}/decisions`),
  decide: (report: Report, signal: AbortSignal) => post<Decision>('/decide', report, { signal }),
  report: (report: Report, key: string) => post<Incident>('/incidents', report, { key }),
  dispatch: (incident: string, drone_id: string) => post(`/incidents/${id(incident)}/dispatch`, { drone_id }),
  release: (incident: string) => post(`/incidents/${id(incident)}/release`),
  cancel: (incident: string) => post(`/incidents/${id(incident)}/cancel`),
  recall: (sortie: string) => post(`/sorties/${id(sortie)}/recall`),
  hold: (sortie: string) => post(`/sorties/${id(sortie)}/hold`),
  resume: (sortie: string) => post(`/sorties/${id(sortie)}/resume`),
  redirect: (sortie: string, incident_id: string) => post(`/sorties/${id(sortie)}/redirect`, { incident_id }),
  withdraw: (drone: string, why: string) => post(`/drones/${id(drone)}/withdraw`, { why }),
  restore: (drone: string) => post(`/drones/${id(drone)}/restore`),
  patrol: (points: Position[], hold_s: number, key: string) =>
    post<Incident>('/patrols', { points, datum: 'WGS-84', hold_s }, { key }),
  reach: (seconds: number, all: boolean, signal: AbortSignal) =>
    get<Reach>(`/reach?seconds=${seconds}${all ? '&all=true' : ''}`, signal),
}

/** A key for one act of the operator, so that a repeated send does not become a second incident. */
export function actKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16)) // randomUUID is missing on plain-http addresses
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
