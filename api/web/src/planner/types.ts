// What the server says and hears about plans, word for word (`/api/v1/plans`, `/api/v1/jobs`).

import type { FeatureCollection, MultiPolygon, Polygon } from 'geojson'

export const MODELS = [
  'maxcover', 'cover', 'expected', 'median', 'center', 'p90', 'worst-district',
] as const
export type Model = (typeof MODELS)[number]

export type JobState = 'queued' | 'running' | 'done' | 'cancelled' | 'failed' | 'lost'

export interface Progress {
  what: string
  seconds: number
  share: number | null
  value: number | null
  bound: number | null
  gap: number | null
}

export interface Job {
  id: string
  kind: string
  name: string
  asked_by: string
  asked_at_s: number
  state: JobState
  cancel_asked: boolean
  progress: Progress | null
  failure: { code: string; detail: string; where: string } | null
  results: { name: string; bytes: number }[]
}

export interface PlanBase {
  id: string
  name: string
  longitude: number
  latitude: number
  drones: number
  standing: boolean
  first: number
  covered: number
  lost: number
  marginal: number | null // by how much the value is worse without it
  mean_s: number | null
}

export interface Step {
  p: number
  value: number
  bound: number
  gap: number
  status: 'optimal' | 'stopped'
}

/** `plan.json`, as far as the page reads it. */
export interface Plan {
  model: string
  within_s: number
  value: number
  unit: string
  bound: number
  gap: number
  status: 'optimal' | 'stopped'
  took_s: number
  new_bases: number
  cost: number
  demand: number
  clocks: {
    mean_s: number | null
    median_s: number | null
    p90_s: number | null
    worst_s: number | null
    within_share: number
    closed_share: number
    unseen_share: number
  }
  bases: PlanBase[]
  frontier: { unit: string; steps: Step[] } | null
}

export type Coverage = FeatureCollection<Polygon | MultiPolygon, { base_id: string }>

/** A layout as it is shown. */
export interface Shown {
  job: Job
  plan: Plan
  coverage: Coverage
}
