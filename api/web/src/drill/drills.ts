// The drills that there are, the one that is played in this room, and what can be done about them.

import { computed, signal } from '@preact/signals'
import { explain, order } from '../actions'
import { actKey, call, get, Problem } from '../api'
import { ask } from '../ask'
import { engineNow } from '../clock'
import { language, t } from '../i18n'
import { asked, look, resultPath } from '../jobs/jobs'
import type { Job } from '../jobs/types'
import { session } from '../state'
import { toast } from '../toasts'
import type { Drill, Inject, Played, Score } from './types'

const POLL_MS = 2_000

export const drills = signal<readonly Drill[] | null>(null)
export const played = signal<Played | null>(null)
/** Whether the list is shown though one was played. */
export const listed = signal(false)

/** The instant of the engine's clock at which the drill began. */
export const beganAt = signal<number | null>(null)

const NONE: readonly Inject[] = []
/** What trainees have been told so far. */
export const told = computed(() => (played.value?.state === 'running' ? played.value.injects : NONE))

/** The score of a drill that was played here, by its job. */
export const scores = signal<ReadonlyMap<string, Score>>(new Map())

export const titleOf = (drill: { title_en: string; title_zh: string }): string =>
  language.value === 'zh' ? drill.title_zh : drill.title_en
export const textOf = (inject: { text_en: string; text_zh: string }): string =>
  language.value === 'zh' ? inject.text_zh : inject.text_en

export async function loadDrills(): Promise<void> {
  try {
    drills.value = await get<Drill[]>('/drills')
  } catch (error) {
    toast('error', explain(error))
  }
}

let timer: ReturnType<typeof setTimeout> | undefined

/** How the drill of this room stands; again and again while it is played. */
export async function lookAtDrill(): Promise<void> {
  clearTimeout(timer)
  try {
    seen(await get<Played>('/drills/last'))
  } catch (error) {
    if (error instanceof Problem && error.code === 'no_drill') played.value = null // else the link says what is wrong
  }
  clearTimeout(timer)
  if (session.peek() && played.peek()?.state === 'running') timer = setTimeout(() => void lookAtDrill(), POLL_MS)
}

function seen(now: Played): void {
  beganAt.value = now.passed_s === null ? null : engineNow() - now.passed_s
  played.value = now
}

export function hearInject(inject: Inject): void {
  toast('warn', t('drill.told', { text: textOf(inject) }))
  void lookAtDrill()
}

// ---- what can be done ----------------------------------------------------------------------------------------
export async function begin(drill: Drill): Promise<void> {
  const title = titleOf(drill)
  const sure = await ask({ title: t('drill.begin_ask', { title }), body: t('drill.begin_body'), yes: t('drill.begin') })
  if (sure === null) return
  await order('drill.begin', title, async () => {
    seen(await call<Played>('POST', '/drills', { body: { name: drill.name } }))
    listed.value = false
  })
  await lookAtDrill()
}

export async function end(now: Played): Promise<void> {
  const sure = await ask({ title: t('drill.end_ask'), body: t('drill.end_body'), yes: t('drill.end'), danger: true })
  if (sure === null) return
  await order('drill.end', titleOf(now), async () => {
    seen(await call<Played>('POST', '/drills/last/stop', { patience_ms: 60_000 })) // it is scored first
  })
}

/** As a job, at so many drill seconds per second; null: as fast as it goes. */
export async function playHere(drill: Drill, speed: number | null): Promise<void> {
  await order('drill.here', titleOf(drill), async () => {
    asked.value = (await call<Job>('POST', '/drills/here', { body: { name: drill.name, speed }, key: actKey() })).id
  })
  await look()
}

export async function loadScore(job: Job): Promise<void> {
  if (scores.value.has(job.id)) return
  try {
    const score = await get<Score>(resultPath(job, 'score.json'))
    scores.value = new Map(scores.value).set(job.id, score)
  } catch (error) {
    toast('error', explain(error))
  }
}
