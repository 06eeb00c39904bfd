import assert from 'node:assert/strict'
import { test } from 'node:test'
import { barsOf, lastHour, soFar } from '../src/replay/figures.ts'
import { alongAt, pictureAt } from '../src/replay/picture.ts'
import type { RunIncident } from '../src/replay/types.ts'

const BASE = { id: 'B1', name: 'B1', name_zh: '', position: { longitude_deg: 10, latitude_deg: 48 }, docks: 2 }
const FLEET = { drones: [{ id: 'D1', base_id: 'B1' }, { id: 'D2', base_id: 'B1' }], bases: [BASE] }
const PLACE: [number, number] = [10.02, 48]

const served: RunIncident = {
  call: 7, longitude_deg: 10.02, latitude_deg: 48, type: 'fire', priority: 1, fate: 'served', false_alarm: false, queued: false,
  drone_id: 'D1', base_id: 'B1', reported_at_s: 1000, decided_at_s: 1000, launched_at_s: 1010, on_scene_at_s: 1120,
  cleared_at_s: 1200, returned_at_s: 1320, ended_at_s: 1200, reliefs: 0, robbed: 0, gap_s: 0,
  out: { from_at_s: 1020, until_at_s: 1120, line: [[10, 48], [10.01, 48.01], PLACE] },
  home: { from_at_s: 1200, until_at_s: 1310, line: [PLACE, [10, 48]] },
}
const next: RunIncident = {
  ...served, call: 8, reported_at_s: 1250, decided_at_s: 1250, launched_at_s: 1010, on_scene_at_s: 1300, cleared_at_s: 1400,
  returned_at_s: 1500, ended_at_s: 1400, out: { from_at_s: 1252, until_at_s: 1300, line: [[10.01, 48], PLACE] },
}
const lost: RunIncident = {
  ...served, call: 9, fate: 'lost', drone_id: null, base_id: null, reported_at_s: 1100, decided_at_s: null, launched_at_s: null,
  on_scene_at_s: null, cleared_at_s: null, returned_at_s: null, ended_at_s: 1160, out: null, home: null,
}

const seen = (rows: RunIncident[], at_s: number) => {
  const { incidents, drones, sorties } = pictureAt(rows, FLEET, at_s)
  return { incident: incidents[0], drone: drones[0]!, sortie: sorties[0], incidents, drones }
}

test('an incident from its report to its end, with what was known by then', () => {
  assert.equal(seen([served], 999).incidents.length, 0)
  const statuses = [1000, 1119, 1120, 1199, 1200, 1320].map((at_s) => seen([served], at_s).incident!.status)
  assert.deepEqual(statuses, ['assigned', 'assigned', 'on_scene', 'on_scene', 'cleared', 'closed'])
  const { clocks, eta_at_s } = seen([served], 1015).incident!
  assert.deepEqual([clocks.launched_at_s, clocks.on_scene_at_s, eta_at_s], [1010, null, 1120])
  assert.equal(seen([served], 1320 + 3600).incidents.length, 0)
})

test('who is given up waits until then, and nobody goes', () => {
  assert.deepEqual([1100, 1159, 1160].map((at_s) => seen([lost], at_s).incident!.status), ['open', 'open', 'cancelled'])
  assert.ok(seen([lost], 1150).drones.every((drone) => drone.ready))
  assert.equal(seen([{ ...lost, fate: 'refused', ended_at_s: 1100 }], 1100).incident!.status, 'cancelled')
  assert.equal(seen([{ ...lost, fate: 'open', ended_at_s: null }], 9e9).incident!.status, 'open')
})

test('its drone: on its dock, out, on scene, home, down', () => {
  const states = [1005, 1050, 1150, 1250, 1315].map((at_s) => seen([served], at_s).sortie!.state)
  assert.deepEqual(states, ['commanded', 'en_route', 'on_scene', 'returning', 'landing'])
  assert.deepEqual(seen([served], 1005).drone.position, BASE.position)
  assert.deepEqual(seen([served], 1150).drone.position, { longitude_deg: PLACE[0], latitude_deg: PLACE[1] })
  assert.deepEqual([seen([served], 1150).drone.ready, seen([served], 1320).drone.ready], [false, true])
  assert.equal(seen([served], 1320).sortie, undefined)
  assert.deepEqual(seen([served], 1050).drones.map((drone) => drone.ready), [false, true])
})

test('a drone that is sent on from the air is where it was sent last', () => {
  const { drone } = seen([served, next], 1260)
  assert.equal(drone.sortie_id, 'S-8')
  assert.equal(drone.in_air, true)
  assert.ok(drone.position!.longitude_deg > 10.01)
})

test('of a drone that was relieved nothing is told after the scene was cleared', () => {
  const relieved = { ...served, reliefs: 1, home: null }
  assert.equal(seen([relieved], 1199).drone.ready, false)
  assert.equal(seen([relieved], 1200).drone.ready, true)
})

test('along a way with a corner, evenly', () => {
  const flown = { from_at_s: 0, until_at_s: 100, line: [[10, 0], [10, 0.03], [10.01, 0.03]] as [number, number][] }
  const half = alongAt(flown, 50)
  assert.ok(Math.abs(half.position!.latitude_deg - 0.02) < 1e-6)
  assert.equal(Math.round(half.heading_deg), 0)
  assert.equal(Math.round(alongAt(flown, 90).heading_deg), 90)
  assert.ok(Math.abs(half.speed_mps - 44.5) < 0.1)
  assert.deepEqual(alongAt(flown, -5).position, { longitude_deg: 10, latitude_deg: 0 })
  assert.deepEqual(alongAt(flown, 500).position, { longitude_deg: 10.01, latitude_deg: 0.03 })
})

test('the last hour counts who was in time and who is late by now', () => {
  const rows = [served, next, lost]
  assert.deepEqual(lastHour(rows, 180, 1100), { within: 0, of: 0 })
  assert.deepEqual(lastHour(rows, 180, 1120), { within: 1, of: 1 })
  assert.deepEqual(lastHour(rows, 100, 1101), { within: 0, of: 1 }) // it is late, though nobody is there yet
  assert.deepEqual(lastHour(rows, 180, 1300), { within: 2, of: 3 })
  assert.deepEqual(lastHour(rows, 180, 4600), { within: 1, of: 2 })
})

test('incidents so far: whole steps, and those of the step that runs; the course in bars', () => {
  const course = { from_at_s: 0, step_s: 1000, incidents: [5, 2, 4], within: [5, 1, 4] }
  assert.equal(soFar(course, [served, next, lost], 0, 1100), 5 + 2)
  assert.equal(soFar(course, [served, next, lost], 1000, 1099), 1)
  assert.deepEqual(barsOf(course, 2), [{ from_at_s: 0, incidents: 7, late: 1 }, { from_at_s: 2000, incidents: 4, late: 0 }])
})
