// What a planner can do: ask, look, stop, delete; and the asking again and again while something is under way.

import { batch } from '@preact/signals'
import type { FeatureCollection } from 'geojson'
import { explain, sessionEnded } from '../actions'
import { actKey, call, get, id, Problem } from '../api'
import { ask } from '../ask'
import { lngLat } from '../format'
import { problemText, t } from '../i18n'
import { zones } from '../state'
import { toast } from '../toasts'
import type { Position, Zones } from '../types'
import {
  areaFile, asked, busy, corners, demandFile, drawing, form, hasLayout, jobs, loaded, looking, points, sending, sitesFile,
  wrong, type Form, type Side,
} from './state'
import type { Coverage, Job, Plan } from './types'

const POLL_MS = 1_000
const REST_MS = 8_000
const UPLOAD_PATIENCE_MS = 120_000

export const resultUrl = (job: Job, name: string): string => `/api/v1/jobs/${id(job.id)}/results/${id(name)}`

export function change(part: Partial<Form>): void {
  batch(() => {
    form.value = { ...form.value, ...part }
    wrong.value = Object.fromEntries(Object.entries(wrong.value).filter(([field]) => !(field in part) && field !== ''))
  })
}

// ---- drawing -------------------------------------------------------------------------------------------------
export function addPlace(at: Position): void {
  if (drawing.value === 'area') corners.value = [...corners.value, at]
  if (drawing.value === 'points') points.value = [...points.value, at]
}

export function undoPlace(): void {
  if (drawing.value === 'area') corners.value = corners.value.slice(0, -1)
  if (drawing.value === 'points') points.value = points.value.slice(0, -1)
}

export function startDrawing(what: 'area' | 'points'): void {
  drawing.value = what
  if (what === 'area') areaFile.value = null
}

export function clearArea(): void {
  corners.value = []
  areaFile.value = null
}

export async function loadArea(file: File | null): Promise<void> {
  if (!file) return
  try {
    const area = JSON.parse(await file.text()) as FeatureCollection
    batch(() => {
      areaFile.value = { name: file.name, area }
      corners.value = []
      wrong.value = { ...wrong.value, area: '' }
    })
  } catch (error) {
    wrong.value = { ...wrong.value, area: `${file.name}: ${String(error)}` }
  }
}

/** The drawn area as a polygon, open or closed; null before it has three corners. */
export function drawnArea(): FeatureCollection | null {
  const ring = corners.value.map(lngLat)
  if (ring.length < 3) return null
  const geometry = { type: 'Polygon' as const, coordinates: [[...ring, ring[0]!]] }
  return stated([{ type: 'Feature', properties: {}, geometry }])
}

const stated = (features: FeatureCollection['features']): FeatureCollection =>
  ({ type: 'FeatureCollection', datum: 'WGS-84', features }) as FeatureCollection

const drawnPoints = (): FeatureCollection => stated(points.value.map((at, k) => ({
  type: 'Feature', properties: { id: `P${k + 1}` }, geometry: { type: 'Point', coordinates: lngLat(at) },
})))

// ---- asking --------------------------------------------------------------------------------------------------
/** Nothing where nothing is written; what is no number goes as it is, for the server to say so. */
function numeral(text: string): number | string | undefined {
  if (!text.trim()) return undefined
  const value = Number(text)
  return Number.isNaN(value) ? text : value
}

const listed = (text: string): string[] => text.split(/[,，]/).map((part) => part.trim()).filter(Boolean)

/** The request of the form, without what does not belong to the chosen model. */
function request(now: Form): Record<string, unknown> {
  const file = now.demand === 'file'
  return {
    name: now.name.trim(),
    model: now.model,
    within_s: numeral(now.within_s),
    times: now.model === 'cover' || now.model === 'maxcover' ? numeral(now.times) : undefined,
    share: now.model === 'cover' || now.model === 'p90' ? numeral(now.share) : undefined,
    p: numeral(now.p),
    budget: numeral(now.budget),
    busy: now.model === 'expected' ? numeral(now.busy) : undefined,
    bases: now.bases,
    candidates: now.candidates,
    grid_m: now.grid ? numeral(now.grid_m) ?? '' : undefined,
    points: points.value.length > 0 ? drawnPoints() : undefined,
    sites_datum: sitesFile.value && now.sites_datum ? now.sites_datum : undefined,
    area: areaFile.value?.area ?? drawnArea() ?? undefined,
    demand_datum: file && now.demand_datum ? now.demand_datum : undefined,
    demand_weight: file ? listed(now.demand_weight) : [],
    demand_district: file && now.demand_district.trim() ? now.demand_district.trim() : undefined,
    demand_skip_wrong: file && now.demand_skip_wrong,
    frontier_to: now.model === 'cover' ? undefined : numeral(now.frontier_to),
    limit_s: numeral(now.limit_s),
  }
}

export async function start(): Promise<void> {
  if (sending.value) return
  const body = new FormData()
  body.append('plan', JSON.stringify(request(form.value)))
  if (form.value.demand === 'file' && demandFile.value) body.append('demand', demandFile.value)
  if (sitesFile.value) body.append('candidates', sitesFile.value)
  sending.value = true
  wrong.value = {}
  drawing.value = null
  try {
    const job = await call<Job>('POST', '/plans', { body, key: actKey(), patience_ms: UPLOAD_PATIENCE_MS })
    asked.value = job.id
    await look()
  } catch (error) {
    refused(error)
  } finally {
    sending.value = false
  }
}

function refused(error: unknown): void {
  if (!(error instanceof Problem)) throw error
  if (error.status === 401) return sessionEnded()
  const fields = error.errors.map(({ where, message }) => [placeOf(where), message])
  wrong.value = fields.length > 0 ? Object.fromEntries(fields) : { [placeOf(error.detail)]: explain(error) }
}

const PLACES = new Set(['area', 'points', 'demand', 'candidates', ...Object.keys(form.peek())])

/** The field that is meant by `body.field…`; '' where it is none of the form's. */
function placeOf(where: string): string {
  const field = /^body\.(\w+)/.exec(where)?.[1] ?? ''
  return PLACES.has(field) ? field : ''
}

// ---- looking -------------------------------------------------------------------------------------------------
let timer: ReturnType<typeof setTimeout> | undefined

export async function look(): Promise<void> {
  clearTimeout(timer)
  try {
    jobs.value = (await get<Job[]>('/jobs')).filter(({ kind }) => kind === 'plan')
    const mine = jobs.value.find((job) => job.id === asked.value)
    if (mine && mine.state !== 'queued' && mine.state !== 'running') ended(mine)
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return sessionEnded()
    toast('error', explain(error))
  }
  timer = setTimeout(() => void look(), busy.value ? POLL_MS : REST_MS)
}

export const stopLooking = (): void => clearTimeout(timer)

function ended(job: Job): void {
  asked.value = null
  if (job.failure) wrong.value = { [job.failure.where]: problemText(job.failure.code, job.failure.detail) }
  if (!hasLayout(job)) return
  if (looking.value.a) looking.value = { ...looking.value, b: looking.value.a }
  void show(job, 'a')
}

export async function show(job: Job, side: Side): Promise<void> {
  const same = looking.value[side] === job.id
  looking.value = { ...looking.value, [side]: same ? null : job.id }
  if (same || loaded.value.has(job.id)) return
  const path = (name: string) => `/jobs/${id(job.id)}/results/${name}`
  try {
    const [plan, coverage] = await Promise.all([get<Plan>(path('plan.json')), get<Coverage>(path('coverage.geojson'))])
    loaded.value = new Map(loaded.value).set(job.id, { job, plan, coverage })
  } catch (error) {
    looking.value = { ...looking.value, [side]: null }
    toast('error', explain(error))
  }
}

export async function cancel(job: Job): Promise<void> {
  await order(() => call('POST', `/jobs/${id(job.id)}/cancel`))
}

export async function remove(job: Job): Promise<void> {
  const sure = await ask({
    title: t('job.delete_ask', { name: job.name || job.id }), body: t('job.delete_body'), yes: t('job.delete'), danger: true,
  })
  if (sure === null) return
  await order(() => call('DELETE', `/jobs/${id(job.id)}`))
  const { a, b } = looking.value
  looking.value = { a: a === job.id ? null : a, b: b === job.id ? null : b }
}

async function order(send: () => Promise<unknown>): Promise<void> {
  try {
    await send()
  } catch (error) {
    toast('error', explain(error))
  }
  await look()
}

export async function loadZones(): Promise<void> {
  try {
    zones.value = await get<Zones>('/zones')
  } catch (error) {
    toast('warn', explain(error))
  }
}
