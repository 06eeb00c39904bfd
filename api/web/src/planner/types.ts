// What the server says and hears about plans and simulations, word for word (`plan.json`, `simulation.json`).

import type { FeatureCollection, MultiPolygon, Polygon } from 'geojson'
import type { Interval } from '../figures'
import type { Job } from '../jobs/types'

export const MODELS = [
  'maxcover', 'cover', 'expected', 'median', 'center', 'p90', 'worst-district',
] as const
export type Model = (typeof MODELS)[number]

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

// ---- simulations ---------------------------------------------------------------------------------------------
export interface Policy {
  name: string
  about_en: string
  about_zh: string
  dial: number | null
}

export interface Verdict {
  priority: number | null // null: all incidents
  status: 'met' | 'not met' | 'not yet decidable'
  share: Interval
  replications_to_decide: number | null
}

export interface Arm {
  layout: string
  bases: number
  drones: number
  policy: string
  figures: Record<string, Interval>
  promise: Verdict[]
}

export interface Headline {
  name: string
  unit: string
  better: 'less' | 'more' | 'neither'
  told: string
}

/** `simulation.json`, as far as the page reads it. */
export interface Outcome {
  calls: string
  measured: { from: string; until: string }
  promise: { within_s: number; share: number }
  replications: number
  stopped: boolean
  took_s: number
  headlines: Headline[]
  arms: Arm[]
  differences: {
    first: string
    second: string
    second_minus_first: Record<string, Interval & { better: 'first' | 'second' | null }>
  }[]
}
