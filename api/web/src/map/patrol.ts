// The patrol that is being drawn.

import { effect } from '@preact/signals'
import type { Feature } from 'geojson'
import type { Map as MapLibre } from 'maplibre-gl'
import { lngLat } from '../format'
import { patrol } from '../state'
import { colour } from './colours'
import { collection, setData } from './features'
import { addLayer, FONT } from './layers'

export function drawPatrol(map: MapLibre): () => void {
  setData(map, 'patrol', collection([]))
  addLayer(map, () => ({
    id: 'patrol-line', type: 'line', source: 'patrol', filter: ['==', ['geometry-type'], 'LineString'],
    paint: { 'line-color': colour('patrol'), 'line-width': 2.5, 'line-dasharray': [3, 1.5] },
  }))
  addLayer(map, () => ({
    id: 'patrol-points', type: 'circle', source: 'patrol', filter: ['==', ['geometry-type'], 'Point'],
    paint: {
      'circle-radius': 9, 'circle-color': colour('patrol'), 'circle-stroke-color': colour('halo'),
      'circle-stroke-width': 1.5,
    },
  }))
  addLayer(map, () => ({
    id: 'patrol-numbers', type: 'symbol', source: 'patrol', filter: ['==', ['geometry-type'], 'Point'],
    layout: {
      'text-field': ['to-string', ['get', 'n']], 'text-font': FONT, 'text-size': 11, 'text-allow-overlap': true,
    },
    paint: { 'text-color': colour('base-ink') },
  }))
  const canvas = map.getCanvas()
  return effect(() => {
    const points = patrol.value?.points.map(lngLat) ?? []
    canvas.classList.toggle('is-drawing', patrol.value !== null)
    const features: Feature[] = points.map((coordinates, i) => (
      { type: 'Feature', geometry: { type: 'Point', coordinates }, properties: { n: i + 1 } }))
    if (points.length > 1) {
      features.unshift({ type: 'Feature', geometry: { type: 'LineString', coordinates: points }, properties: {} })
    }
    setData(map, 'patrol', collection(features))
  })
}
