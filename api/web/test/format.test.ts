import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coordinates, countdown, metres, mmss } from '../src/format.ts'

test('mm:ss, and hours from sixty minutes on', () => {
  assert.equal(mmss(0), '0:00')
  assert.equal(mmss(179.6), '3:00')
  assert.equal(mmss(-4), '0:00')
  assert.equal(mmss(3661), '1:01:01')
})

test('a countdown tells when it is overdue', () => {
  assert.equal(countdown(61), '1:01')
  assert.equal(countdown(-1), '0:00')
  assert.equal(countdown(-12), '+0:12')
})

test('distances', () => {
  assert.equal(metres(840), '840 m')
  assert.equal(metres(3940), '3.9 km')
})

test('coordinates name their hemispheres', () => {
  assert.equal(coordinates({ latitude_deg: -33.86, longitude_deg: 151.2 }), '33.86000° S, 151.20000° E')
})
