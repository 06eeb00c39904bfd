import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apart_m, toWgs84 } from '../src/datum.ts'

// The engine's own conversion (geo/datum.py, tested against a reference) gives the same to a nanometre; these are guards.
const KUNSHAN = { longitude_deg: 120.98, latitude_deg: 31.385 }

test('WGS-84 stays as it is', () => {
  assert.deepEqual(toWgs84(KUNSHAN, 'WGS-84'), KUNSHAN)
})

test('GCJ-02 moves some 473 m in Kunshan', () => {
  const moved_m = apart_m(KUNSHAN, toWgs84(KUNSHAN, 'GCJ-02'))
  assert.ok(Math.abs(moved_m - 473) < 15, `${moved_m}`)
})

test('outside China both are WGS-84', () => {
  const zurich = { longitude_deg: 8.54, latitude_deg: 47.37 }
  assert.deepEqual(toWgs84(zurich, 'GCJ-02'), zurich)
  assert.deepEqual(toWgs84(zurich, 'BD-09'), zurich)
})

test('BD-09 lies farther off than GCJ-02', () => {
  assert.ok(apart_m(KUNSHAN, toWgs84(KUNSHAN, 'BD-09')) > apart_m(KUNSHAN, toWgs84(KUNSHAN, 'GCJ-02')))
})
