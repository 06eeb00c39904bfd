// Choosing a run, moving its clock, asking for what was under way: the clock stands while that is not there.

import { batch } from '@preact/signals'
import { explain, select, sessionEnded } from '../actions'
import { get, id, Problem } from '../api'
import { setClock } from '../clock'
import { tellTimesIn } from '../format'
import { t } from '../i18n'
import { city, drones, incidents, selected, sorties, weather, zones } from '../state'
import { toast } from '../toasts'
import type { City } from '../types'
import { idOf, KEPT_S, pictureAt } from './picture'
import { atS, playing, problem, rate, RATES, rows, run, runs } from './state'
import type { Late, Run, RunDetail, RunIncident, RunWindow, Sky } from './types'

const USUAL_INCIDENTS = 200 // a window is as long as it takes for about so many
const MOST_STEPS = 24
const DRAW_MS = 50
const WINDOWS_KEPT = 6
const LEAD_S = 30 // before a late incident
const SETTLE_MS = 120 // the slider is drawn over many windows, and only the one where it rests is asked for

const path = (of: { id: string }, more = ''): string => `/runs/${id(of.id)}${more}`

// ---- which run -----------------------------------------------------------------------------------------------
let own: City | null = null // the engine's city; a run's bases and types take the place of its own

export async function open(): Promise<void> {
  own = city.peek()
  try {
    runs.value = await get<Run[]>('/runs')
  } catch (error) {
    return failed(error)
  }
  const asked = new URLSearchParams(location.search)
  const first = asked.get('run') ?? (runs.value.length === 1 ? runs.value[0]!.id : null)
  if (first) await choose(first, Number(asked.get('at')) || null)
}

export async function choose(run_id: string, at_s: number | null = null): Promise<void> {
  pause()
  try {
    const told = await get<RunDetail>(path({ id: run_id }))
    windows.clear()
    skies.clear()
    tellTimesIn(told.time_zone)
    batch(() => {
      problem.value = ''
      city.value = townOf(told)
      incidents.value = sorties.value = drones.value = new Map()
      selected.value = null
      run.value = told
    })
    seek(at_s ?? told.measured_from_at_s)
  } catch (error) {
    failed(error)
  }
}

function townOf(told: RunDetail): City | null {
  if (!own) return null
  const same = { bases: told.bases, types: told.types, promise_s: told.promise_s, demo: false }
  if (told.city === own.name) return { ...own, ...same }
  const lons = told.bases.map(({ position }) => position.longitude_deg)
  const lats = told.bases.map(({ position }) => position.latitude_deg)
  const nothing = { type: 'FeatureCollection' as const, features: [] }
  return {
    ...own, ...same, name: told.city, name_zh: told.city, places: nothing, airports: nothing, candidates: nothing,
    boundary: { type: 'MultiPolygon', coordinates: [] },
    bounds: [Math.min(...lons) - 0.05, Math.min(...lats) - 0.05, Math.max(...lons) + 0.05, Math.max(...lats) + 0.05],
  }
}

export const isForeign = (told: Run): boolean => own !== null && told.city !== own.name

function failed(error: unknown): void {
  if (error instanceof Problem && error.status === 401) sessionEnded()
  else problem.value = explain(error)
}

// ---- the clock -----------------------------------------------------------------------------------------------
let frame = 0
let before_ms = 0
let drawn_ms = 0

export function play(): void {
  const told = run.peek()
  if (!told || playing.peek()) return
  if (atS.peek() >= told.until_at_s) seek(told.from_at_s)
  playing.value = true
  before_ms = performance.now()
  frame = requestAnimationFrame(step)
}

export function pause(): void {
  cancelAnimationFrame(frame)
  if (!playing.peek()) return
  playing.value = false
  show(atS.peek())
  remember()
}

export const toggle = (): void => (playing.peek() ? pause() : play())

function step(now_ms: number): void {
  frame = requestAnimationFrame(step)
  const told = run.peek()
  const passed_s = ((now_ms - before_ms) / 1000) * rate.peek()
  before_ms = now_ms
  if (!told || rows.peek() === null) return // the clock waits for its incidents
  const at_s = Math.min(told.until_at_s, atS.peek() + passed_s)
  atS.value = at_s
  if (now_ms - drawn_ms >= DRAW_MS) {
    drawn_ms = now_ms
    show(at_s)
  }
  if (at_s >= told.until_at_s) pause()
}

/** Show another instant of the run. */
export function seek(at_s: number): void {
  const told = run.peek()
  if (!told) return
  atS.value = Math.min(told.until_at_s, Math.max(told.from_at_s, at_s))
  show(atS.peek())
  if (!playing.peek()) remember()
}

export const seekBy = (seconds: number): void => seek(atS.peek() + seconds)

export function faster(by: 1 | -1): void {
  const next = RATES[RATES.indexOf(rate.peek()) + by]
  if (next) rate.value = next
}

export async function toNextLate(): Promise<void> {
  const told = run.peek()
  if (!told) return
  const here = selected.peek() && incidents.peek().get(selected.peek()!)
  const after_at_s = Math.max(atS.peek(), here ? here.clocks.reported_at_s! : 0)
  try {
    const { late } = await get<{ late: Late | null }>(path(told, `/late?after_at_s=${after_at_s}`))
    if (!late) return toast('info', t('replay.no_late'))
    pause()
    seek(late.reported_at_s + told.promise_s - LEAD_S)
    select(idOf(late.call))
  } catch (error) {
    failed(error)
  }
}

let address: ReturnType<typeof setTimeout> | undefined

/** The address leads back here. */
function remember(): void {
  clearTimeout(address)
  address = setTimeout(() => {
    const told = run.peek()
    if (told) history.replaceState(null, '', `?run=${id(told.id)}&at=${Math.round(atS.peek())}`)
  }, SETTLE_MS)
}

// ---- what is shown -------------------------------------------------------------------------------------------
function show(at_s: number): void {
  const told = run.peek()
  if (!told) return
  const mine = incidentsAt(told, at_s)
  lookUp(told, at_s)
  setClock({ now_at_s: at_s, speed: playing.peek() && mine ? rate.peek() : 0 })
  rows.value = mine
  if (!mine) return
  const now = pictureAt(mine, told, at_s)
  const known = incidents.peek()
  const changed = now.incidents.length !== known.size || now.incidents.some((incident) => {
    const was = known.get(incident.id)
    return !was || was.status !== incident.status || was.clocks.launched_at_s !== incident.clocks.launched_at_s
      || was.clocks.decided_at_s !== incident.clocks.decided_at_s
  })
  batch(() => {
    if (changed) incidents.value = new Map(now.incidents.map((incident) => [incident.id, incident]))
    sorties.value = new Map(now.sorties.map((sortie) => [sortie.id, sortie]))
    drones.value = new Map(now.drones.map((drone) => [drone.id, drone]))
  })
}

// ---- windows -------------------------------------------------------------------------------------------------
const windows = new Map<number, readonly RunIncident[] | 'asked'>()
let settling: ReturnType<typeof setTimeout> | undefined

/** The incidents of the window of this instant; null: asked for. The next one is asked for before it is needed. */
function incidentsAt(told: RunDetail, at_s: number): readonly RunIncident[] | null {
  const { course } = told
  const per_step = course.incidents.reduce((sum, count) => sum + count, 0) / course.incidents.length
  const span_s = course.step_s * Math.max(1, Math.min(MOST_STEPS, Math.floor(USUAL_INCIDENTS / Math.max(per_step, 1))))
  const begins_s = told.from_at_s + Math.floor((at_s - told.from_at_s) / span_s) * span_s
  const next_s = begins_s + span_s
  clearTimeout(settling)
  const mine = windows.get(begins_s)
  if (!mine) settling = setTimeout(() => askWindow(told, begins_s, span_s), SETTLE_MS)
  else if (playing.peek() && at_s > begins_s + span_s / 2 && next_s < told.until_at_s) askWindow(told, next_s, span_s)
  return mine && mine !== 'asked' ? mine : null
}

function askWindow(told: RunDetail, begins_s: number, span_s: number): void {
  if (run.peek() !== told || windows.has(begins_s)) return
  windows.set(begins_s, 'asked')
  const asked = `/window?from_at_s=${Math.max(0, begins_s - KEPT_S)}&until_at_s=${begins_s + span_s}`
  get<RunWindow>(path(told, asked)).then(
    (window) => {
      if (run.peek() !== told) return
      windows.set(begins_s, window.incidents)
      for (const old of [...windows.keys()].slice(0, -WINDOWS_KEPT)) windows.delete(old)
      problem.value = ''
      if (rows.peek() === null) show(atS.peek())
    },
    (error: unknown) => {
      windows.delete(begins_s)
      if (run.peek() !== told) return
      pause()
      failed(error)
    },
  )
}

// ---- wind and zones ------------------------------------------------------------------------------------------
const skies = new Map<number, Sky | 'asked'>()

/** Wind and zones of the instant, asked for where they change. */
function lookUp(told: RunDetail, at_s: number): void {
  const number = told.sky_changes_at_s.findLastIndex((change_s) => change_s <= at_s)
  const sky = skies.get(number)
  if (sky === 'asked') return
  if (sky) {
    if (zones.peek() !== sky.zones) batch(() => {
      zones.value = sky.zones
      weather.value = { wind: sky.wind, rain_mm_h: 0 }
    })
    return
  }
  skies.set(number, 'asked')
  get<Sky>(path(told, `/sky?at_s=${at_s}`)).then(
    (found) => {
      if (run.peek() !== told) return
      skies.set(number, found)
      lookUp(told, atS.peek())
    },
    (error: unknown) => {
      skies.delete(number)
      if (run.peek() === told) failed(error)
    },
  )
}
