// What the server says and hears, word for word (`/api/v1`). Times are seconds since 1970 (UTC) of the engine's clock.

import type { Feature, FeatureCollection, Geometry, MultiPolygon, Point, Polygon } from 'geojson'

export interface Position {
  longitude_deg: number
  latitude_deg: number
}

export const ROLES = ['viewer', 'operator', 'planner', 'admin'] as const
export type Role = (typeof ROLES)[number]

export interface Session {
  username: string
  role: Role
}

export interface IncidentType {
  code: string
  name_en: string
  name_zh: string
  priority: number
  needs: string[]
  watch_s: number
}

export interface Base {
  id: string
  name: string
  name_zh: string
  position: Position
  docks: number
}

export interface City {
  id: string
  name: string
  name_zh: string
  promise_s: number
  centre: Position
  bounds: [number, number, number, number]
  boundary: Geometry
  places: FeatureCollection<Point>
  airports: FeatureCollection<Point>
  candidates: FeatureCollection<Point>
  bases: Base[]
  types: IncidentType[]
  basemap: { pmtiles: string | null; raster: string | null }
  demo: boolean
}

export type Activity = 'docked' | 'charging' | 'sortie' | 'offline' | 'withdrawn' | 'lost'

export interface Drone {
  id: string
  airframe: string
  base_id: string
  connected: boolean
  healthy: boolean
  position: Position | null
  height_m: number
  ground_speed_mps: number
  heading_deg: number
  battery_share: number
  armed: boolean
  in_air: boolean
  mode: string
  seen_at_s: number
  activity: Activity
  sortie_id: string | null
  ready: boolean
  not_ready_because: string | null
  video_url: string | null
}

export const CLOCKS = ['reported', 'decided', 'launched', 'on_scene', 'cleared', 'returned'] as const
export type ClockName = (typeof CLOCKS)[number]
export type Clocks = { [name in ClockName as `${name}_at_s`]: number | null }

export type IncidentStatus = 'open' | 'assigned' | 'on_scene' | 'cleared' | 'closed' | 'cancelled'

/** Who takes over from the drone on scene, which cannot stay to the end of the watch. */
export interface Relay {
  leaves_at_s: number | null
  call_at_s: number | null
  drone_id: string | null
  sortie_id: string | null
  eta_at_s: number | null
  lacks: Reason | null
}

export interface Incident {
  id: string
  type: string
  priority: number
  position: Position
  status: IncidentStatus
  clocks: Clocks
  sortie_id: string | null
  drone_id: string | null
  note: string
  source: string
  reported_by: string
  watch_s: number
  relay: Relay | null
  reliefs: number
  gaps: { from_at_s: number; until_at_s: number | null }[]
  eta_at_s: number | null
  latest_decision_id: string | null
  why: string | null
}

export const SORTIE_STATES = [
  'decided', 'commanded', 'airborne', 'en_route', 'on_scene',
  'released', 'returning', 'landing', 'landed', 'charging', 'done',
] as const
export type SortieState = (typeof SORTIE_STATES)[number] | 'failed'

export interface Sortie {
  id: string
  drone_id: string
  incident_id: string | null
  state: SortieState
  held: boolean
  steps: { state: SortieState; at_s: number; why: string }[]
  route: [number, number][]
  eta_at_s: number | null
  /** The circle over its scene that it was told to fly; `flown`: it has been seen to. */
  orbit: { centre: Position; radius_m: number; speed_mps: number; flown: boolean } | null
  /** Why it hovers there, where an orbit was asked for. */
  hovers: Reason | null
  /** What its camera was told to look at; `seen`: its gimbal tells that it does. */
  camera: { at: Position; seen: boolean } | null
  /** Why its camera does not show the scene. */
  unpointed: Reason | null
  video_url: string | null
}

export const TIME_PARTS = ['decision', 'uplink', 'dock', 'arm', 'climb', 'start', 'cruise', 'arrive', 'slew'] as const
export type TimePart = (typeof TIME_PARTS)[number]
export type FlightTime = { [part in TimePart | 'total' | 'p90' as `${part}_s`]: number }

export interface Reason {
  code: string
  text: string
  change: string
  values: Record<string, number | string>
}

export interface Option {
  drone_id: string
  time: FlightTime | null
  distance_m: number | null
  energy_wh: number | null
  spare_wh: number | null
  from_state: string
  preempts: string | null
  /** Share of demand by which expected coverage falls when it leaves its dock; 0 where the policy does not ask. */
  loss: number
  out: Reason | null
}

export interface Decision {
  id: string
  incident_id: string
  at_s: number
  drone_id: string | null
  policy: string
  why: string
  inputs_hash: string
  options: Option[]
}

export interface Clock {
  now_at_s: number
  speed: number
}

export interface Wind {
  speed_mps: number
  from_deg: number
  gust_mps: number
}

export type ZoneKind = 'prohibited' | 'authorisation' | 'conditional' | 'inclusion'

export interface ZoneHours {
  days: string[]
  /** A time of day, or what the sun does: BMCT, SR, SS, EECT. */
  start: string
  end: string
  time_zone: string
}

export interface ZoneProperties {
  id: string
  name: string
  kind: ZoneKind
  conditions: string
  /** Of a circle, whose geometry is its centre. */
  radius_m?: number
  floor_m: number | null
  floor_reference: string
  ceiling_m: number | null
  ceiling_reference: string
  valid_from_s: number | null
  valid_until_s: number | null
  hours: ZoneHours[]
  in_force: boolean
  /** Until when grants open it; null: none does now. */
  granted_until_s: number | null
}
export type Zone = Feature<Polygon | MultiPolygon | Point, ZoneProperties>
export type Zones = FeatureCollection<Polygon | MultiPolygon | Point, ZoneProperties>

export interface ReachProperties {
  base_id: string | null
  drone_id: string | null
  seconds: number
}
export type Reach = FeatureCollection<Polygon | MultiPolygon, ReachProperties>

export interface Situation {
  seq: number
  clock: Clock
  wind: Wind
  rain_mm_h: number
  drones: Drone[]
  incidents: Incident[]
  sorties: Sortie[]
  zones: Zones
}

export interface Report extends Position {
  datum: 'WGS-84'
  type: string
  priority?: number
  watch_s?: number
  note?: string
}
