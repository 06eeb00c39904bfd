import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCoordinates } from '../src/coordinates.ts'

const CITY: [number, number, number, number] = [120.8, 31.1, 121.2, 31.55]
const near = (text: string, latitude_deg: number, longitude_deg: number, bounds = CITY) => {
  const found = parseCoordinates(text, bounds)
  assert.ok(found, `not read: ${text}`)
  assert.ok(Math.abs(found.latitude_deg - latitude_deg) < 1e-6, `${text}: ${found.latitude_deg}`)
  assert.ok(Math.abs(found.longitude_deg - longitude_deg) < 1e-6, `${text}: ${found.longitude_deg}`)
}

test('either order, where the city decides', () => {
  near('31.38, 120.98', 31.38, 120.98)
  near('120.98 31.38', 31.38, 120.98)
  near('120.98，31.38', 31.38, 120.98)
})

test('latitude first where nothing decides', () => near('47.37 8.54', 47.37, 8.54))

test('letters, before or after, Chinese too', () => {
  near('31.38N 120.98E', 31.38, 120.98)
  near('E120.98 N31.38', 31.38, 120.98)
  near('北纬31.38°，东经120.98°', 31.38, 120.98)
  near('东经120.98 北纬31.38', 31.38, 120.98)
  near('S33.86 W70.5', -33.86, -70.5)
  near('33.86S, 151.2E', -33.86, 151.2)
})

test('degrees, minutes, seconds', () => near(`31°22'48"N 120°58'48"E`, 31.38, 120.98))

test('what is not a position is refused', () => {
  for (const text of ['', 'abc', '31.38', '1 2 3', '95, 200', '31N 32N']) assert.equal(parseCoordinates(text, CITY), null, text)
})
