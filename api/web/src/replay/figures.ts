// What the run came to by an instant of it.

import type { Course, RunIncident } from './types'

const HOUR_S = 3600

export interface Kept {
  within: number
  of: number
}

/** Of the incidents reported in the last hour that are decided by now: in time, or late already. */
export function lastHour(rows: readonly RunIncident[], promise_s: number, at_s: number): Kept {
  let [within, of] = [0, 0]
  for (const row of rows) {
    if (row.reported_at_s > at_s || row.reported_at_s <= at_s - HOUR_S) continue
    const seen_s = row.on_scene_at_s !== null && row.on_scene_at_s <= at_s ? row.on_scene_at_s - row.reported_at_s : null
    const kept = seen_s !== null && seen_s <= promise_s
    const over = seen_s !== null || row.fate === 'refused' || at_s - row.reported_at_s > promise_s
      || (row.fate === 'lost' && (row.ended_at_s ?? Infinity) <= at_s)
    if (over) of += 1
    if (kept) within += 1
  }
  return { within, of }
}

/** How many incidents were reported since the run is measured; `rows` are all those of the present step. */
export function soFar(course: Course, rows: readonly RunIncident[], measured_from_at_s: number, at_s: number): number {
  const stepAt = (instant_s: number): number => Math.max(0, Math.floor((instant_s - course.from_at_s) / course.step_s))
  const [first, now] = [stepAt(measured_from_at_s), stepAt(at_s)]
  const edge_s = Math.max(measured_from_at_s, course.from_at_s + now * course.step_s)
  const before = course.incidents.slice(first, now).reduce((sum, count) => sum + count, 0)
  return before + rows.filter((row) => row.reported_at_s >= edge_s && row.reported_at_s <= at_s).length
}

export interface Bar {
  from_at_s: number
  incidents: number
  late: number
}

/** The course in at most so many bars. */
export function barsOf({ from_at_s, step_s, incidents, within }: Course, most: number): Bar[] {
  const each = Math.max(1, Math.ceil(incidents.length / most))
  const sum = (counts: number[]): number => counts.reduce((all, count) => all + count, 0)
  return Array.from({ length: Math.ceil(incidents.length / each) }, (_, k) => {
    const [low, high] = [k * each, (k + 1) * each]
    const came = sum(incidents.slice(low, high))
    return { from_at_s: from_at_s + low * step_s, incidents: came, late: came - sum(within.slice(low, high)) }
  })
}
