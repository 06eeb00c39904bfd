// What does not move: ground, outline, places, airports, candidate sites, bases with the drones ready on them.

import { computed, effect } from '@preact/signals'
import type { Feature, Point } from 'geojson'
import type { ExpressionSpecification, Map as MapLibre } from 'maplibre-gl'
import { language } from '../i18n'
import { drones, preview, showCandidates } from '../state'
import { lngLat } from '../format'
import type { City } from '../types'
import { colour } from './colours'
import { collection, setData } from './features'
import { addLayer, FONT, setVisible } from './layers'

/** Both names, the reader's own larger. */
function bothNames(): ExpressionSpecification {
  const zh: ExpressionSpecification = ['coalesce', ['get', 'name_zh'], ['get', 'name']]
  const en: ExpressionSpecification = ['coalesce', ['get', 'name'], '']
  const [first, second] = language.value === 'zh' ? [zh, en] : [en, zh]
  return ['case', ['==', zh, en], first,
    ['format', first, {}, '\n', {}, second, { 'font-scale': 0.78, 'text-color': colour('label-soft') }]]
}

const readyByBase = computed(() => {
  const ready = new Map<string, number>()
  for (const drone of drones.value.values()) {
    if (drone.ready && !drone.in_air) ready.set(drone.base_id, (ready.get(drone.base_id) ?? 0) + 1)
  }
  return JSON.stringify([...ready].sort())
})

function baseFeatures(city: City): Feature<Point>[] {
  const ready = new Map(JSON.parse(readyByBase.value) as [string, number][])
  const chosen = drones.peek().get(preview.value.decision?.drone_id ?? '')
  return city.bases.map((base) => ({
    type: 'Feature',
    geometry: { type: 'Point', coordinates: lngLat(base.position) },
    properties: {
      id: base.id, name: base.name, name_zh: base.name_zh, docks: base.docks, ready: ready.get(base.id) ?? 0,
      chosen: !!chosen && !chosen.in_air && chosen.base_id === base.id,
    },
  }))
}

/** Ground, outline, places, airports. */
export function drawGround(map: MapLibre, city: City): void {
  setData(map, 'boundary', { type: 'Feature', geometry: city.boundary, properties: {} })
  setData(map, 'places', city.places)
  setData(map, 'airports', city.airports)

  addLayer(map, () => ({ id: 'ground', type: 'background', paint: { 'background-color': colour('ground') } }))
  if (!city.basemap.pmtiles && !city.basemap.raster) {
    addLayer(map, () => ({ id: 'city-fill', type: 'fill', source: 'boundary', paint: { 'fill-color': colour('city') } }))
  }
  addLayer(map, () => ({
    id: 'boundary-line', type: 'line', source: 'boundary',
    paint: { 'line-color': colour('boundary'), 'line-width': 1.5 },
  }))
  addLayer(map, () => ({
    id: 'label-airports', type: 'symbol', source: 'airports',
    layout: {
      'icon-image': 'airport', 'text-field': bothNames(), 'text-font': FONT, 'text-size': 12,
      'text-anchor': 'top', 'text-offset': [0, 1], 'text-optional': true,
    },
    paint: { 'text-color': colour('airport'), 'text-halo-color': colour('halo'), 'text-halo-width': 1.2 },
  }))
  addLayer(map, () => ({
    id: 'label-places', type: 'symbol', source: 'places',
    layout: {
      'text-field': bothNames(), 'text-font': FONT, 'text-size': 14, 'text-padding': 2,
      'text-variable-anchor': ['center', 'top', 'bottom', 'left', 'right'], 'text-radial-offset': 1.1, 'text-justify': 'auto',
    },
    paint: { 'text-color': colour('label'), 'text-halo-color': colour('halo'), 'text-halo-width': 1.2 },
  }))
}

/** Bases with the drones ready on them, and the sites where others could stand. */
export function drawBases(map: MapLibre, city: City): () => void {
  setData(map, 'candidates', city.candidates)
  setData(map, 'bases', collection(baseFeatures(city)))

  addLayer(map, () => ({
    id: 'site-candidates', type: 'symbol', source: 'candidates',
    layout: { 'icon-image': 'candidate', 'icon-allow-overlap': true, visibility: 'none' },
  }))
  addLayer(map, () => ({
    id: 'site-chosen', type: 'circle', source: 'bases', filter: ['get', 'chosen'],
    paint: {
      'circle-radius': 17, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-width': 2.5,
      'circle-stroke-color': colour('route'),
    },
  }))
  addLayer(map, () => ({
    id: 'site-bases', type: 'symbol', source: 'bases',
    layout: {
      'icon-image': ['case', ['>', ['get', 'ready'], 0], 'base', 'base-empty'],
      'icon-allow-overlap': true, 'icon-ignore-placement': false,
      'text-field': ['concat', ['get', 'ready'], '/', ['get', 'docks']],
      'text-font': FONT, 'text-size': 10.5, 'text-allow-overlap': true,
    },
    paint: { 'text-color': colour('base-ink') },
  }))
  addLayer(map, () => ({
    id: 'label-base', type: 'symbol', source: 'bases', minzoom: 11.5,
    layout: {
      'text-field': ['get', language.value === 'zh' ? 'name_zh' : 'name'],
      'text-font': FONT, 'text-size': 11, 'text-anchor': 'top', 'text-offset': [0, 1.2], 'text-optional': true,
    },
    paint: { 'text-color': colour('label-soft'), 'text-halo-color': colour('halo'), 'text-halo-width': 1.2 },
  }))

  const stops = [
    effect(() => setData(map, 'bases', collection(baseFeatures(city)))),
    effect(() => setVisible(map, showCandidates.value === 'yes', 'site-candidates')),
  ]
  return () => stops.forEach((stop) => stop())
}
