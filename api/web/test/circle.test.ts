import assert from 'node:assert/strict'
import { test } from 'node:test'
import { round, type Pair } from '../src/circle.ts'

const METRES_PER_DEGREE = (6_371_008.8 * Math.PI) / 180

test('a circle is closed, counterclockwise, and its radius is kept in every direction', () => {
  for (const [lon, lat] of [[120.98, 31.39], [18.96, 69.65], [-70, -33]] as Pair[]) {
    const ring = round([lon, lat], 2500)
    assert.deepEqual(ring[0], ring.at(-1))
    let area = 0
    ring.forEach(([x, y], k) => {
      const east = (x - lon) * METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180)
      const north = (y - lat) * METRES_PER_DEGREE
      assert.ok(Math.abs(Math.hypot(east, north) - 2500) < 5)
      const next = ring[k + 1]
      if (next) area += x * next[1] - next[0] * y
    })
    assert.ok(area > 0)
  }
})
