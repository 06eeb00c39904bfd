// What the planner's page knows and what is being asked, as signals.

import { computed, signal } from '@preact/signals'
import type { FeatureCollection } from 'geojson'
import { hasResult } from '../jobs/jobs'
import type { Job } from '../jobs/types'
import type { Position } from '../types'
import { Asking } from './asking'
import type { Model, Outcome, Shown } from './types'

/** Which of the two is asked for. */
export const asks = signal<'plan' | 'simulation'>('plan')

// ---- a plan --------------------------------------------------------------------------------------------------
export interface PlanForm {
  name: string
  model: Model
  within_s: string
  times: string
  share: string
  p: string
  budget: string
  busy: string
  bases: boolean
  candidates: boolean
  grid: boolean
  grid_m: string
  sites_datum: string
  demand: 'model' | 'file'
  demand_datum: string
  demand_weight: string
  demand_district: string
  demand_skip_wrong: boolean
  frontier_to: string
  limit_s: string
}

export const plan = new Asking<PlanForm>('plan', {
  name: '', model: 'maxcover', within_s: '180', times: '1', share: '', p: '3', budget: '', busy: '0.3',
  bases: true, candidates: false, grid: true, grid_m: '2000', sites_datum: '',
  demand: 'model', demand_datum: '', demand_weight: '', demand_district: '', demand_skip_wrong: false,
  frontier_to: '', limit_s: '60',
}, ['area', 'points'])

export const corners = signal<readonly Position[]>([])
export const areaFile = signal<{ name: string; area: FeatureCollection } | null>(null)
export const points = signal<readonly Position[]>([])
export const drawing = signal<'area' | 'points' | null>(null)

// ---- what there is -------------------------------------------------------------------------------------------
export const SIDES = ['a', 'b'] as const
export type Side = (typeof SIDES)[number]

/** Which plan is looked at on either side. */
export const looking = signal<Readonly<Record<Side, string | null>>>({ a: null, b: null })
export const loaded = signal<ReadonlyMap<string, Shown>>(new Map())

export const shown = computed((): Readonly<Record<Side, Shown | null>> => {
  const of = (side: Side) => loaded.value.get(looking.value[side] ?? '') ?? null
  return { a: of('a'), b: of('b') }
})

export const hasLayout = (job: Job): boolean => hasResult(job, 'plan.json')

/** The simulation that is looked at, once it has come. */
export const studied = signal<{ job: Job; outcome: Outcome | null } | null>(null)
export const hasOutcome = (job: Job): boolean => hasResult(job, 'simulation.json')
