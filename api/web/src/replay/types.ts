// What the server says about recorded runs, word for word (`/api/v1/runs`). Times are seconds since 1970 (UTC).

import type { Base, IncidentType, Wind, Zones } from '../types'

export interface Run {
  id: string
  job_id: string | null
  city: string
  layout: string
  scenario: string
  policy: string
  replication: number
  seed: number
  from_at_s: number
  measured_from_at_s: number
  until_at_s: number
  time_zone: string
  promise_s: number
}

export interface RunDrone {
  id: string
  base_id: string
}

/** Incidents by when they were reported, step by step; `within`: those with a drone on scene within the promise. */
export interface Course {
  from_at_s: number
  step_s: number
  incidents: number[]
  within: number[]
}

export interface RunDetail extends Run {
  bases: Base[]
  types: IncidentType[]
  drones: RunDrone[]
  course: Course
  sky_changes_at_s: number[]
}

export interface Flown {
  from_at_s: number
  until_at_s: number
  line: [number, number][]
}

export interface RunIncident {
  call: number
  longitude_deg: number
  latitude_deg: number
  type: string
  priority: number
  fate: 'served' | 'lost' | 'refused' | 'open'
  false_alarm: boolean
  queued: boolean
  drone_id: string | null
  base_id: string | null
  reported_at_s: number
  decided_at_s: number | null
  launched_at_s: number | null
  on_scene_at_s: number | null
  cleared_at_s: number | null
  returned_at_s: number | null
  ended_at_s: number | null
  reliefs: number
  robbed: number
  gap_s: number
  out: Flown | null
  home: Flown | null
}

export interface RunWindow {
  from_at_s: number
  until_at_s: number
  incidents: RunIncident[]
}

export interface Late {
  call: number
  reported_at_s: number
}

export interface Sky {
  wind: Wind
  zones: Zones
}
