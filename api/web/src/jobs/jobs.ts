// The jobs that there are, asked for again and again while a page that shows them is open; stop one, delete one.

import { signal } from '@preact/signals'
import { explain, sessionEnded } from '../actions'
import { call, get, id, Problem } from '../api'
import { ask } from '../ask'
import { t } from '../i18n'
import { may, session } from '../state'
import { toast } from '../toasts'
import type { Job, JobKind } from './types'

const POLL_MS = 1_000
const REST_MS = 8_000

export const jobs = signal<readonly Job[]>([])

/** The last job that was asked for here: who watches hears when it is over. */
export const asked = signal<string | null>(null)

export const isUnderWay = ({ state }: Job): boolean => state === 'queued' || state === 'running'
export const jobsOf = (...kinds: JobKind[]): Job[] => jobs.value.filter(({ kind }) => kinds.includes(kind))
export const hasResult = (job: Job, name: string): boolean => job.results.some((result) => result.name === name)

/** Planners may end every job, operators their own. */
export const mayEnd = (job: Job): boolean =>
  may('planner') || (may('operator') && job.asked_by === session.value?.username)

export const resultPath = (job: Job, name: string): string => `/jobs/${id(job.id)}/results/${id(name)}`
export const resultUrl = (job: Job, name: string): string => `/api/v1${resultPath(job, name)}`

let timer: ReturnType<typeof setTimeout> | undefined
let over: ((job: Job) => void) | null = null

/** Ask for the jobs until the returned function is called; `ended` hears of the one that was asked for here. */
export function watchJobs(ended: (job: Job) => void): () => void {
  over = ended
  void look()
  return () => {
    over = null
    clearTimeout(timer)
  }
}

export async function look(): Promise<void> {
  clearTimeout(timer)
  try {
    jobs.value = await get<Job[]>('/jobs')
    const mine = jobs.value.find((job) => job.id === asked.value)
    if (mine && !isUnderWay(mine)) {
      asked.value = null
      over?.(mine)
    }
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return sessionEnded()
    toast('error', explain(error))
  }
  clearTimeout(timer)
  if (over) timer = setTimeout(() => void look(), jobs.value.some(isUnderWay) ? POLL_MS : REST_MS)
}

export async function cancel(job: Job): Promise<void> {
  await order(() => call('POST', `/jobs/${id(job.id)}/cancel`))
}

/** Whether it is gone. */
export async function remove(job: Job, name: string): Promise<boolean> {
  const sure = await ask({ title: t('job.delete_ask', { name }), body: t('job.delete_body'), yes: t('job.delete'), danger: true })
  return sure !== null && order(() => call('DELETE', `/jobs/${id(job.id)}`))
}

async function order(send: () => Promise<unknown>): Promise<boolean> {
  let done = true
  try {
    await send()
  } catch (error) {
    done = false
    toast('error', explain(error))
  }
  await look()
  return done
}
