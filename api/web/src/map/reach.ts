// What the fleet reaches within the promise: darker where several bases do.

import { computed, effect, signal } from '@preact/signals'
import type { Feature, MultiPolygon, Polygon, Position as Coordinates } from 'geojson'
import type { Map as MapLibre } from 'maplibre-gl'
import { explain } from '../actions'
import { api } from '../api'
import { t } from '../i18n'
import { drones, reachMode, weather } from '../state'
import { toast } from '../toasts'
import type { City, Reach, ReachProperties } from '../types'
import { colour } from './colours'
import { collection, setData } from './features'
import { addLayer } from './layers'

const SETTLE_MS = 1_000
const KNOT_MPS = 0.5

export const reachAsking = signal(false)

/** Changes when the answer may: readiness, or the wind by more than a little. */
const question = computed(() => {
  const wind = weather.value?.wind
  const air = wind ? `${Math.round(wind.speed_mps / KNOT_MPS)}@${Math.round(wind.from_deg / 10)}` : ''
  if (reachMode.value === 'off') return 'off'
  if (reachMode.value === 'all') return `all ${air}`
  return `now ${air} ${[...drones.value.values()].filter((d) => d.ready).map((d) => d.id).join(' ')}`
})

const ringArea = (ring: Coordinates[]): number =>
  Math.abs(ring.reduce((sum, [x, y], i) => {
    const [u, v] = ring[(i + 1) % ring.length]!
    return sum + x! * v! - u! * y!
  }, 0))

const area = ({ geometry }: Feature<Polygon | MultiPolygon>): number =>
  (geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates)
    .reduce((sum, [outer]) => sum + (outer ? ringArea(outer) : 0), 0)

/** Drones of one base reach much the same: the widest of them stands for the base. */
function onePerBase(reach: Reach): Reach {
  const widest = new Map<string, Feature<Polygon | MultiPolygon, ReachProperties>>()
  for (const feature of reach.features) {
    if (!feature.geometry) continue
    const { base_id, drone_id } = feature.properties
    const inAir = drone_id !== null && drones.peek().get(drone_id)?.in_air
    const key = (inAir ? drone_id : base_id) ?? drone_id ?? ''
    const before = widest.get(key)
    if (!before || area(feature) > area(before)) widest.set(key, feature)
  }
  return collection([...widest.values()])
}

export function drawReach(map: MapLibre, city: City): () => void {
  setData(map, 'reach', collection([]))
  addLayer(map, () => ({
    id: 'reach-fill', type: 'fill', source: 'reach',
    paint: { 'fill-color': colour('reach'), 'fill-opacity': 0.13, 'fill-antialias': false },
  }))
  addLayer(map, () => ({
    id: 'reach-line', type: 'line', source: 'reach',
    paint: { 'line-color': colour('reach'), 'line-width': 1, 'line-opacity': 0.45 },
  }))
  return effect(() => {
    const asked = question.value
    if (asked === 'off') {
      setData(map, 'reach', collection([]))
      return
    }
    const gone = new AbortController()
    const timer = setTimeout(() => {
      reachAsking.value = true
      api.reach(city.promise_s, asked.startsWith('all'), gone.signal).then(
        (reach) => setData(map, 'reach', onePerBase(reach)),
        (error: unknown) => {
          if (!gone.signal.aborted) toast('warn', t('error.reach', { why: explain(error) }))
        },
      ).finally(() => { reachAsking.value = false })
    }, SETTLE_MS)
    return () => {
      clearTimeout(timer)
      gone.abort()
    }
  })
}
