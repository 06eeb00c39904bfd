// A recorded run at one instant, in the room's own terms: incidents, sorties and drones as the live map draws them.

import type { Base, Clocks, ClockName, Drone, Incident, IncidentStatus, Position, Sortie, SortieState } from '../types'
import type { Flown, RunDrone, RunIncident } from './types'

export interface Picture {
  incidents: Incident[]
  sorties: Sortie[]
  drones: Drone[]
}

export interface Fleet {
  drones: readonly RunDrone[]
  bases: readonly Base[]
}

/** So long an incident that is over is still told of. */
export const KEPT_S = 3600

const RADIUS_M = 6_371_008.8
const rad = (deg: number): number => (deg * Math.PI) / 180

export const idOf = (call: number): string => `I-${call}`

export function pictureAt(rows: readonly RunIncident[], fleet: Fleet, at_s: number): Picture {
  const tasks = new Map<string, Task>()
  const incidents: Incident[] = []
  for (const row of rows) {
    if (row.reported_at_s > at_s) continue
    const task = taskOf(row)
    const known = row.drone_id === null ? undefined : tasks.get(row.drone_id)
    if (task && task.begins_s <= at_s && at_s < task.ends_s && !(known && known.begins_s > task.begins_s)) {
      tasks.set(row.drone_id!, task) // who is sent on is where it was sent last
    }
    if (at_s < overS(row) + KEPT_S) incidents.push(incidentAt(row, at_s))
  }
  const places = new Map(fleet.bases.map((base) => [base.id, base.position]))
  const sorties = [...tasks.values()].map((task) => sortieAt(task, at_s))
  const drones = fleet.drones.map((drone) => droneAt(drone, tasks.get(drone.id), places.get(drone.base_id) ?? null, at_s))
  return { incidents, sorties, drones }
}

/** When nothing of it is left: cleared, refused or given up, and its drone down. */
const overS = (row: RunIncident): number => Math.max(endedS(row), row.returned_at_s ?? 0)

/** One that is still open when the run ends never does. */
const endedS = (row: RunIncident): number => row.ended_at_s ?? Infinity

// ---- incidents -----------------------------------------------------------------------------------------------
function statusAt(row: RunIncident, at_s: number): IncidentStatus {
  if (row.fate === 'refused') return 'cancelled'
  const { on_scene_at_s, cleared_at_s, returned_at_s } = row
  if (on_scene_at_s !== null && at_s >= on_scene_at_s) {
    if (cleared_at_s === null || at_s < cleared_at_s) return 'on_scene'
    return returned_at_s === null || at_s >= returned_at_s ? 'closed' : 'cleared'
  }
  if (row.fate === 'lost' && at_s >= endedS(row)) return 'cancelled'
  return on_scene_at_s !== null && at_s >= sentS(row) ? 'assigned' : 'open'
}

/** When the drone that came was sent. It may have been decided anew while that one was there, once it had to leave. */
const sentS = (row: RunIncident): number =>
  Math.min(row.decided_at_s ?? Infinity, row.out?.from_at_s ?? row.on_scene_at_s ?? Infinity)

function incidentAt(row: RunIncident, at_s: number): Incident {
  const status = statusAt(row, at_s)
  const sent = status !== 'open' && status !== 'cancelled'
  const told = (clock: ClockName): number | null => {
    const value = row[`${clock}_at_s`]
    return value !== null && value <= at_s ? value : null
  }
  const clocks: Clocks = {
    reported_at_s: row.reported_at_s,
    decided_at_s: sent ? told('decided') : null,
    launched_at_s: sent ? told('launched') : null,
    on_scene_at_s: told('on_scene'),
    cleared_at_s: told('cleared'),
    returned_at_s: told('returned'),
  }
  return {
    id: idOf(row.call), type: row.type, priority: row.priority, status, clocks,
    position: { longitude_deg: row.longitude_deg, latitude_deg: row.latitude_deg },
    sortie_id: sent && row.drone_id !== null ? sortieId(row) : null,
    drone_id: sent ? row.drone_id : null,
    eta_at_s: status === 'assigned' ? row.on_scene_at_s : null,
    note: '', source: '', reported_by: '', watch_s: 0, relay: null, reliefs: row.reliefs, gaps: [],
    latest_decision_id: null, why: null,
  }
}

// ---- drones --------------------------------------------------------------------------------------------------
/** What a drone does for one incident, from being sent until it is down; so far as the record tells. */
interface Task {
  row: RunIncident
  begins_s: number
  ends_s: number
}

const sortieId = (row: RunIncident): string => `S-${row.call}`

function taskOf(row: RunIncident): Task | null {
  if (row.drone_id === null || row.on_scene_at_s === null) return null
  const home_s = row.home ? row.returned_at_s : null // who was relieved went home nobody knows when
  return { row, begins_s: sentS(row), ends_s: home_s ?? row.cleared_at_s ?? endedS(row) }
}

function stateAt({ row }: Task, at_s: number): SortieState {
  if (at_s < (row.launched_at_s ?? 0)) return 'commanded'
  if (at_s < row.on_scene_at_s!) return 'en_route'
  if (at_s < (row.cleared_at_s ?? endedS(row))) return 'on_scene'
  return row.home && at_s < row.home.until_at_s ? 'returning' : 'landing'
}

function sortieAt(task: Task, at_s: number): Sortie {
  const { row } = task
  const state = stateAt(task, at_s)
  const flown = state === 'returning' || state === 'landing' ? row.home : row.out
  return {
    id: sortieId(row), drone_id: row.drone_id!, incident_id: idOf(row.call), state, held: false, steps: [],
    route: state === 'on_scene' ? [] : flown?.line ?? [],
    eta_at_s: state === 'en_route' || state === 'commanded' ? row.on_scene_at_s : null,
    orbit: null, hovers: null, camera: null, unpointed: null, video_url: null,
  }
}

function droneAt({ id, base_id }: RunDrone, task: Task | undefined, base: Position | null, at_s: number): Drone {
  const state = task && stateAt(task, at_s)
  const flown = state === 'returning' || state === 'landing' ? task!.row.home : task?.row.out
  const { position, heading_deg, speed_mps } = task ? flying(task, state!, flown ?? null, at_s) : { position: base, heading_deg: 0, speed_mps: 0 }
  return {
    id, base_id, position, heading_deg, ground_speed_mps: speed_mps, airframe: '', connected: true, healthy: true, height_m: 0,
    battery_share: 1, armed: !!task, in_air: !!task && state !== 'commanded', mode: '', seen_at_s: at_s,
    activity: task ? 'sortie' : 'docked', sortie_id: task ? sortieId(task.row) : null, ready: !task, not_ready_because: null,
    video_url: null,
  }
}

interface Flying {
  position: Position | null
  heading_deg: number
  speed_mps: number
}

function flying({ row }: Task, state: SortieState, flown: Flown | null, at_s: number): Flying {
  const place = { longitude_deg: row.longitude_deg, latitude_deg: row.latitude_deg }
  if (state === 'on_scene' || !flown) return { position: place, heading_deg: 0, speed_mps: 0 }
  return alongAt(flown, at_s)
}

/** Where on its line it is: its length spread evenly over the flight's time. */
export function alongAt({ line, from_at_s, until_at_s }: Flown, at_s: number): Flying {
  const lengths = line.slice(1).map((end, k) => metres(line[k]!, end))
  const total_m = lengths.reduce((sum, length) => sum + length, 0)
  const took_s = until_at_s - from_at_s
  const share = took_s > 0 ? Math.min(1, Math.max(0, (at_s - from_at_s) / took_s)) : 1
  let left_m = share * total_m
  let k = 0
  while (k < lengths.length - 1 && left_m > lengths[k]!) left_m -= lengths[k++]!
  const [from, to] = [line[k]!, line[k + 1]!]
  const part = lengths[k]! > 0 ? Math.min(1, left_m / lengths[k]!) : 1
  const position = { longitude_deg: from[0] + (to[0] - from[0]) * part, latitude_deg: from[1] + (to[1] - from[1]) * part }
  const moving = share > 0 && share < 1
  return { position, heading_deg: bearing(from, to), speed_mps: moving && took_s > 0 ? total_m / took_s : 0 }
}

const eastNorth = (from: [number, number], to: [number, number]): [number, number] =>
  [rad(to[0] - from[0]) * Math.cos(rad((from[1] + to[1]) / 2)), rad(to[1] - from[1])]

function metres(from: [number, number], to: [number, number]): number {
  return RADIUS_M * Math.hypot(...eastNorth(from, to))
}

function bearing(from: [number, number], to: [number, number]): number {
  const [east, north] = eastNorth(from, to)
  return ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360
}
