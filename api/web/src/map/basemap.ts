// An optional base map under the city: our own vector tiles (api/basemap_style.py names their layers and classes) out of
// one PMTiles file on this server, or raster tiles.

import { addProtocol, AttributionControl, type LayerSpecification, type Map as MapLibre } from 'maplibre-gl'
import { Protocol } from 'pmtiles'
import { language } from '../i18n'
import type { City } from '../types'
import { colour } from './colours'
import { addLayer, FONT } from './layers'

const SOURCE = 'base-map'
let protocol: Protocol | null = null

const vectorLayers: (() => LayerSpecification)[] = [
  () => ({
    id: 'base-map-landuse', type: 'fill', source: SOURCE, 'source-layer': 'landuse',
    filter: ['in', ['get', 'class'], ['literal', ['park', 'grass', 'wood', 'farmland', 'wetland', 'cemetery']]],
    paint: { 'fill-color': colour('green') },
  }),
  () => ({
    id: 'base-map-water', type: 'fill', source: SOURCE, 'source-layer': 'water', paint: { 'fill-color': colour('water') },
  }),
  () => ({
    id: 'base-map-waterways', type: 'line', source: SOURCE, 'source-layer': 'waterways',
    paint: {
      'line-color': colour('water'),
      'line-width': ['match', ['get', 'class'], 'river', 2, 'canal', 1.5, 0.8],
    },
  }),
  () => ({
    id: 'base-map-buildings', type: 'fill', source: SOURCE, 'source-layer': 'buildings', minzoom: 13,
    paint: { 'fill-color': colour('building') },
  }),
  () => ({
    id: 'base-map-railways', type: 'line', source: SOURCE, 'source-layer': 'railways',
    paint: { 'line-color': colour('rail'), 'line-width': 1, 'line-dasharray': [4, 2] },
  }),
  () => ({
    id: 'base-map-roads', type: 'line', source: SOURCE, 'source-layer': 'roads',
    filter: ['!', ['in', ['get', 'class'], ['literal', ['motorway', 'trunk', 'primary']]]],
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: {
      'line-color': colour('road'),
      'line-width': ['interpolate', ['exponential', 1.5], ['zoom'],
        9, 0.4, 13, ['match', ['get', 'class'], ['secondary', 'tertiary'], 1.8, 0.8],
        17, ['match', ['get', 'class'], ['secondary', 'tertiary'], 9, 5]],
    },
  }),
  () => ({
    id: 'base-map-roads-major', type: 'line', source: SOURCE, 'source-layer': 'roads',
    filter: ['in', ['get', 'class'], ['literal', ['motorway', 'trunk', 'primary']]],
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: {
      'line-color': colour('road-major'),
      'line-width': ['interpolate', ['exponential', 1.5], ['zoom'], 7, 0.6, 13, 3, 17, 12],
    },
  }),
  () => ({
    id: 'label-base-map-roads', type: 'symbol', source: SOURCE, 'source-layer': 'roads', minzoom: 13,
    layout: {
      'symbol-placement': 'line', 'text-font': FONT, 'text-size': 11,
      'text-field': language.value === 'zh'
        ? ['coalesce', ['get', 'name:zh'], ['get', 'name'], '']
        : ['coalesce', ['get', 'name:en'], ['get', 'name'], ''],
    },
    paint: { 'text-color': colour('label-soft'), 'text-halo-color': colour('halo'), 'text-halo-width': 1.2 },
  }),
]

export function addBasemap(map: MapLibre, city: City): void {
  const { pmtiles, raster } = city.basemap
  if (pmtiles || raster) map.addControl(new AttributionControl({ compact: false }), 'bottom-right')
  if (pmtiles) {
    if (!protocol) {
      protocol = new Protocol({ metadata: true })
      addProtocol('pmtiles', protocol.tile)
    }
    map.addSource(SOURCE, { type: 'vector', url: `pmtiles://${new URL(pmtiles, location.href).href}` })
    for (const layer of vectorLayers) addLayer(map, layer)
  } else if (raster) {
    map.addSource(SOURCE, { type: 'raster', tiles: [raster.startsWith('/') ? location.origin + raster : raster], tileSize: 256 })
    addLayer(map, () => ({ id: 'base-map-raster', type: 'raster', source: SOURCE, paint: { 'raster-opacity': 0.6 } }))
  }
}
