// What the room knows and what the operator is doing: signals, written by the stream and the actions, read by all.

import { batch, computed, signal } from '@preact/signals'
import { setClock } from './clock'
import type {
  City, Decision, Drone, Incident, IncidentType, Position, Role, Session, Situation, Sortie, Wind, Zones,
} from './types'
import { ROLES } from './types'

// ---- who and where -------------------------------------------------------------------------------------------
/** undefined: not asked yet; null: nobody. */
export const session = signal<Session | null | undefined>(undefined)
export const city = signal<City | null>(null)

export const may = (role: Role): boolean =>
  !!session.value && ROLES.indexOf(session.value.role) >= ROLES.indexOf(role)

// ---- the situation -------------------------------------------------------------------------------------------
export const drones = signal<ReadonlyMap<string, Drone>>(new Map())
export const incidents = signal<ReadonlyMap<string, Incident>>(new Map())
export const sorties = signal<ReadonlyMap<string, Sortie>>(new Map())
export const decisions = signal<ReadonlyMap<string, Decision[]>>(new Map())
export const zones = signal<Zones>({ type: 'FeatureCollection', features: [] })
export const weather = signal<{ wind: Wind; rain_mm_h: number } | null>(null)

const byId = <T extends { id: string }>(rows: T[]): Map<string, T> => new Map(rows.map((row) => [row.id, row]))
const withRow = <T extends { id: string }>(map: ReadonlyMap<string, T>, row: T): Map<string, T> =>
  new Map(map).set(row.id, row)

export function setSituation(all: Situation): void {
  batch(() => {
    setClock(all.clock)
    weather.value = { wind: all.wind, rain_mm_h: all.rain_mm_h }
    drones.value = byId(all.drones)
    const over = [...sorties.value.values()].filter((sortie) => isOver(sortie))
    sorties.value = byId([...over, ...all.sorties]) // the snapshot tells of those under way only
    zones.value = all.zones
    const known = byId(all.incidents)
    const kept = selected.value && incidents.value.get(selected.value) // a closed one may be looked at still
    if (kept && !known.has(kept.id)) known.set(kept.id, kept)
    incidents.value = known
    all.incidents.forEach(noteResponse)
  })
}

export const isOver = ({ state }: Sortie): boolean =>
  state === 'landed' || state === 'charging' || state === 'done' || state === 'failed'

/** The sortie of that id while it is under way. */
export function activeSortie(sortie_id: string | null): Sortie | undefined {
  const sortie = sortie_id ? sorties.value.get(sortie_id) : undefined
  return sortie && !isOver(sortie) ? sortie : undefined
}

/** When a drone is expected over the incident, be it the first or one that takes over. */
export function etaOf({ status, eta_at_s, sortie_id }: Incident): number | null {
  return status === 'assigned' ? (eta_at_s ?? activeSortie(sortie_id)?.eta_at_s ?? null) : null
}

export function setDrones(rows: Drone[]): void {
  const next = new Map(drones.value)
  for (const row of rows) next.set(row.id, row)
  drones.value = next
}

export function setIncident(row: Incident): void {
  incidents.value = withRow(incidents.value, row)
  noteResponse(row)
}

export function setSortie(row: Sortie): void {
  sorties.value = withRow(sorties.value, row)
}

export function setDecisions(incident_id: string, rows: Decision[]): void {
  const sorted = [...rows].sort((a, b) => a.at_s - b.at_s)
  decisions.value = new Map(decisions.value).set(incident_id, sorted)
}

export function addDecision(row: Decision): void {
  const before = (decisions.value.get(row.incident_id) ?? []).filter((other) => other.id !== row.id)
  setDecisions(row.incident_id, [...before, row])
}

// ---- figures of this session ---------------------------------------------------------------------------------
const responses = signal<ReadonlyMap<string, number>>(new Map())

function noteResponse({ id, type, clocks }: Incident): void {
  if (type === 'patrol' || clocks.on_scene_at_s === null || clocks.reported_at_s === null) return
  const response_s = clocks.on_scene_at_s - clocks.reported_at_s
  if (responses.value.get(id) !== response_s) responses.value = new Map(responses.value).set(id, response_s)
}

export const responseFigures = computed(() => {
  const times = [...responses.value.values()].sort((a, b) => a - b)
  if (times.length === 0) return null
  const middle = times.length >> 1
  const median_s = times.length % 2 ? times[middle]! : (times[middle - 1]! + times[middle]!) / 2
  const promise_s = city.value?.promise_s ?? 180
  return { count: times.length, median_s, kept_share: times.filter((t) => t <= promise_s).length / times.length }
})

export const readyCount = computed(() => [...drones.value.values()].filter((drone) => drone.ready).length)

/** Changes when a decision could come out differently: a drone becomes free or is taken. */
export const fleetKey = computed(() =>
  [...drones.value.values()].map((d) => `${d.id}${d.ready ? '+' : '-'}${d.activity}${d.sortie_id ?? ''}`).join(' '))

export const isActive = (incident: Incident): boolean =>
  incident.status === 'open' || incident.status === 'assigned' || incident.status === 'on_scene'

export const queue = computed(() =>
  [...incidents.value.values()].filter(isActive).sort(
    (a, b) => a.priority - b.priority || a.clocks.reported_at_s! - b.clocks.reported_at_s! || a.id.localeCompare(b.id)))

export const finished = computed(() =>
  [...incidents.value.values()].filter((incident) => !isActive(incident)).sort(
    (a, b) => b.clocks.reported_at_s! - a.clocks.reported_at_s!))

export const typeOf = (code: string): IncidentType | undefined => city.value?.types.find((type) => type.code === code)

// ---- what the operator does ----------------------------------------------------------------------------------
/** A report that is being written: nothing is sent before `dispatch`. */
export interface Draft {
  position: Position
  type: string | null
  priority: number | null // null: as the type says
  watch_s: number | null
  note: string
  moved: { datum: string; by_m: number } | null
  key: string
}

export interface PatrolDraft {
  points: Position[]
  hold_s: number
  key: string
}

export const selected = signal<string | null>(null)
export const selectedDrone = signal<string | null>(null)
export const draft = signal<Draft | null>(null)
export const patrol = signal<PatrolDraft | null>(null)
export const preview = signal<{ decision: Decision | null; asking: boolean; problem: string | null }>(
  { decision: null, asking: false, problem: null })
export const PANELS = ['task', 'fleet', 'drill'] as const
export const panel = signal<(typeof PANELS)[number]>('task')

// ---- what is shown -------------------------------------------------------------------------------------------
function remembered<T extends string>(name: string, otherwise: T) {
  let start: T = otherwise
  try {
    start = (localStorage.getItem(`reach180.${name}`) as T | null) ?? otherwise
  } catch { /* storage may be forbidden */ }
  const kept = signal<T>(start)
  kept.subscribe((value) => {
    try { localStorage.setItem(`reach180.${name}`, value) } catch { /* as above */ }
  })
  return kept
}

export type ReachMode = 'off' | 'now' | 'all'
export const theme = remembered<'dark' | 'light'>('theme', 'dark')
export const reachMode = remembered<ReachMode>('reach', 'now')
export const showCandidates = remembered<'yes' | 'no'>('candidates', 'no')
export const showZones = remembered<'yes' | 'no'>('zones', 'yes')
