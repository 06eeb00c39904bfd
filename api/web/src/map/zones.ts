// Geozones: hatched red with their height band; those not in force are faint.

import { effect } from '@preact/signals'
import type { Map as MapLibre } from 'maplibre-gl'
import { heightBand } from '../height'
import { language, scripted } from '../i18n'
import { showZones, zones } from '../state'
import { colour } from './colours'
import { collection, setData } from './features'
import { addLayer, FONT, setVisible } from './layers'

const LAYERS = ['zone-fill', 'zone-hatch', 'zone-line', 'zone-line-idle', 'label-zones']

export function drawZones(map: MapLibre): () => void {
  setData(map, 'zones', collection([]))
  addLayer(map, () => ({
    id: 'zone-fill', type: 'fill', source: 'zones', filter: ['==', ['get', 'in_force'], true],
    paint: { 'fill-color': colour('zone'), 'fill-opacity': 0.16 },
  }))
  addLayer(map, () => ({
    id: 'zone-hatch', type: 'fill', source: 'zones',
    paint: {
      'fill-pattern': ['case', ['==', ['get', 'in_force'], true], 'hatch', 'hatch-idle'],
      'fill-opacity': ['case', ['==', ['get', 'in_force'], true], 0.5, 0.45],
    },
  }))
  addLayer(map, () => ({
    id: 'zone-line', type: 'line', source: 'zones', filter: ['==', ['get', 'in_force'], true],
    paint: { 'line-color': colour('zone'), 'line-width': 2 },
  }))
  addLayer(map, () => ({
    id: 'zone-line-idle', type: 'line', source: 'zones', filter: ['!=', ['get', 'in_force'], true],
    paint: { 'line-color': colour('zone-idle'), 'line-width': 1.2, 'line-dasharray': [3, 3] },
  }))
  addLayer(map, () => ({
    id: 'label-zones', type: 'symbol', source: 'zones', minzoom: 10,
    layout: {
      'text-field': ['format', ['get', 'title'], {}, '\n', {}, ['get', 'band'], { 'font-scale': 0.9 }],
      'text-font': FONT, 'text-size': 11, 'text-max-width': 9,
    },
    paint: {
      'text-color': ['case', ['==', ['get', 'in_force'], true], colour('zone-label'), colour('zone-idle')],
      'text-halo-color': colour('halo'), 'text-halo-width': 1.2,
    },
  }))
  const stops = [
    effect(() => {
      void language.value
      setData(map, 'zones', collection(zones.value.features.map((zone) => ({
        ...zone, properties: { ...zone.properties, title: scripted(zone.properties.name), band: heightBand(zone.properties) },
      }))))
    }),
    effect(() => setVisible(map, showZones.value === 'yes', ...LAYERS)),
  ]
  return () => stops.forEach((stop) => stop())
}
