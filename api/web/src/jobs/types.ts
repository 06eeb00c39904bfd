// What the server says of jobs, word for word (`/api/v1/jobs`).

export type JobState = 'queued' | 'running' | 'done' | 'cancelled' | 'failed' | 'lost'
export type JobKind = 'plan' | 'simulation' | 'drill'

export interface Progress {
  what: string
  seconds: number
  share: number | null
  value: number | null
  bound: number | null
  gap: number | null
}

export interface Failure {
  code: string
  detail: string
  where: string
}

export interface ResultFile {
  name: string
  bytes: number
}

export interface Job {
  id: string
  kind: JobKind
  name: string
  asked_by: string
  asked_at_s: number
  state: JobState
  cancel_asked: boolean
  progress: Progress | null
  failure: Failure | null
  results: ResultFile[]
}
