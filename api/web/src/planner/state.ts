// What the planner's page knows and what is being asked, as signals.

import { computed, signal } from '@preact/signals'
import type { FeatureCollection } from 'geojson'
import type { Position } from '../types'
import type { Job, Model, Shown } from './types'

// ---- what is asked -------------------------------------------------------------------------------------------
/** Numbers stay as they are written: the server says what is wrong with them. */
export interface Form {
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

export const form = signal<Form>({
  name: '', model: 'maxcover', within_s: '180', times: '1', share: '', p: '3', budget: '', busy: '0.3',
  bases: true, candidates: false, grid: true, grid_m: '2000', sites_datum: '',
  demand: 'model', demand_datum: '', demand_weight: '', demand_district: '', demand_skip_wrong: false,
  frontier_to: '', limit_s: '60',
})

export const demandFile = signal<File | null>(null)
export const sitesFile = signal<File | null>(null)
export const corners = signal<readonly Position[]>([])
export const areaFile = signal<{ name: string; area: FeatureCollection } | null>(null)
export const points = signal<readonly Position[]>([])
export const drawing = signal<'area' | 'points' | null>(null)

/** What the server said of a field, by the field's name; '' is of the whole. */
export const wrong = signal<Readonly<Record<string, string>>>({})
export const sending = signal(false)

// ---- what there is -------------------------------------------------------------------------------------------
export const jobs = signal<readonly Job[]>([])
export const busy = computed(() => jobs.value.some(({ state }) => state === 'queued' || state === 'running'))

export const SIDES = ['a', 'b'] as const
export type Side = (typeof SIDES)[number]

/** Which job is looked at on either side. */
export const looking = signal<Readonly<Record<Side, string | null>>>({ a: null, b: null })
export const loaded = signal<ReadonlyMap<string, Shown>>(new Map())

export const shown = computed((): Readonly<Record<Side, Shown | null>> => {
  const of = (side: Side) => loaded.value.get(looking.value[side] ?? '') ?? null
  return { a: of('a'), b: of('b') }
})

/** The last job that was asked for here: when it is over it is shown. */
export const asked = signal<string | null>(null)

export const hasLayout = (job: Job): boolean => job.results.some(({ name }) => name === 'plan.json')
