// The way each drone flies now, out or home, and the circle over its scene.

import { effect } from '@preact/signals'
import type { Feature, LineString } from 'geojson'
import type { Map as MapLibre } from 'maplibre-gl'
import { round } from '../circle'
import { sorties } from '../state'
import type { SortieState } from '../types'
import { colour } from './colours'
import { collection, setData } from './features'
import { addLayer } from './layers'

const OUT: ReadonlySet<SortieState> = new Set(['decided', 'commanded', 'airborne', 'en_route', 'on_scene'])
const HOME: ReadonlySet<SortieState> = new Set(['released', 'returning', 'landing'])

export function drawRoutes(map: MapLibre): () => void {
  setData(map, 'routes', collection([]))
  addLayer(map, () => ({
    id: 'route-casing', type: 'line', source: 'routes', layout: { 'line-join': 'round', 'line-cap': 'round' },
    paint: { 'line-color': colour('route-casing'), 'line-width': 5, 'line-opacity': 0.7 },
  }))
  addLayer(map, () => ({
    id: 'route-home', type: 'line', source: 'routes', filter: ['!', ['get', 'out']],
    paint: { 'line-color': colour('route-home'), 'line-width': 1.8, 'line-dasharray': [2, 2] },
  }))
  addLayer(map, () => ({
    id: 'route-out', type: 'line', source: 'routes', filter: ['get', 'out'],
    layout: { 'line-join': 'round', 'line-cap': 'round' },
    paint: { 'line-color': colour('route'), 'line-width': 2.5 },
  }))
  let drawn = ''
  return effect(() => {
    const features: Feature<LineString>[] = []
    for (const sortie of sorties.value.values()) {
      if (sortie.orbit) {
        const { centre, radius_m } = sortie.orbit
        const ring = round([centre.longitude_deg, centre.latitude_deg], radius_m)
        features.push({ type: 'Feature', geometry: { type: 'LineString', coordinates: ring }, properties: { out: true } })
      }
      if (sortie.route.length < 2 || !(OUT.has(sortie.state) || HOME.has(sortie.state))) continue
      features.push({
        type: 'Feature',
        geometry: { type: 'LineString', coordinates: sortie.route },
        properties: { out: OUT.has(sortie.state) },
      })
    }
    const now = JSON.stringify(features)
    if (now === drawn) return // many updates of a sortie do not change its way
    drawn = now
    setData(map, 'routes', collection(features))
  })
}
