// What a planner can do: draw, ask for a plan, look at layouts and simulations.

import { batch } from '@preact/signals'
import type { FeatureCollection } from 'geojson'
import { explain } from '../actions'
import { get } from '../api'
import { lngLat } from '../format'
import { resultPath } from '../jobs/jobs'
import type { Job } from '../jobs/types'
import { zones } from '../state'
import { toast } from '../toasts'
import type { Position, Zones } from '../types'
import { listed, numeral, words } from './asking'
import { simulation } from './simulation'
import {
  areaFile, corners, drawing, hasLayout, hasOutcome, loaded, looking, plan, points, studied, type PlanForm, type Side,
} from './state'
import type { Coverage, Outcome, Plan } from './types'

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
      plan.wrong.value = { ...plan.wrong.value, area: '' }
    })
  } catch (error) {
    plan.wrong.value = { ...plan.wrong.value, area: `${file.name}: ${String(error)}` }
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
/** The request of the form, without what does not belong to the chosen model. */
function request(now: PlanForm): object {
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
    sites_datum: plan.files.value['candidates'] ? words(now.sites_datum) : undefined,
    area: areaFile.value?.area ?? drawnArea() ?? undefined,
    demand_datum: file ? words(now.demand_datum) : undefined,
    demand_weight: file ? listed(now.demand_weight) : [],
    demand_district: file ? words(now.demand_district) : undefined,
    demand_skip_wrong: file && now.demand_skip_wrong,
    frontier_to: now.model === 'cover' ? undefined : numeral(now.frontier_to),
    limit_s: numeral(now.limit_s),
  }
}

export async function startPlan(): Promise<void> {
  drawing.value = null
  const parts = ['candidates', ...(plan.form.value.demand === 'file' ? ['demand'] : [])]
  await plan.send(request(plan.form.value), parts)
}

// ---- looking -------------------------------------------------------------------------------------------------
/** What was asked for here is over: what came of it is shown, or said at the field. */
export function ended(job: Job): void {
  if (job.failure) (job.kind === 'plan' ? plan : simulation).failed(job.failure)
  if (hasOutcome(job)) void study(job)
  if (!hasLayout(job)) return
  if (looking.value.a) looking.value = { ...looking.value, b: looking.value.a }
  void show(job, 'a')
}

export async function show(job: Job, side: Side): Promise<void> {
  const same = looking.value[side] === job.id
  looking.value = { ...looking.value, [side]: same ? null : job.id }
  if (same || loaded.value.has(job.id)) return
  try {
    const [layout, coverage] = await Promise.all([
      get<Plan>(resultPath(job, 'plan.json')), get<Coverage>(resultPath(job, 'coverage.geojson')),
    ])
    loaded.value = new Map(loaded.value).set(job.id, { job, plan: layout, coverage })
  } catch (error) {
    looking.value = { ...looking.value, [side]: null }
    toast('error', explain(error))
  }
}

/** Show what a simulation came to, or no longer. */
export async function study(job: Job): Promise<void> {
  if (studied.value?.job.id === job.id) {
    studied.value = null
    return
  }
  studied.value = { job, outcome: null }
  try {
    const outcome = await get<Outcome>(resultPath(job, 'simulation.json'))
    if (studied.value?.job.id === job.id) studied.value = { job, outcome }
  } catch (error) {
    studied.value = null
    toast('error', explain(error))
  }
}

/** It was deleted: it is shown no longer. */
export function forget(job: Job): void {
  const { a, b } = looking.value
  looking.value = { a: a === job.id ? null : a, b: b === job.id ? null : b }
  if (studied.value?.job.id === job.id) studied.value = null
}

export async function loadZones(): Promise<void> {
  try {
    zones.value = await get<Zones>('/zones')
  } catch (error) {
    toast('warn', explain(error))
  }
}
