// Geozones: hatched red where drones keep out, a green edge where they stay inside; those not in force are faint.

import { effect } from '@preact/signals'
import type { Map as MapLibre } from 'maplibre-gl'
import { language, scripted } from '../i18n'
import { showZones, zones } from '../state'
import { drawn, heightBand, kindOf, lookOf, type Look } from '../zones'
import { colour } from './colours'
import { collection, setData } from './features'
import { addLayer, FONT, setVisible } from './layers'

const LAYERS = ['zone-fill', 'zone-hatch', 'zone-line', 'zone-line-inside', 'zone-line-idle', 'label-zones']
const looks = (look: Look): ['==', ['get', string], Look] => ['==', ['get', 'look'], look]

export function drawZones(map: MapLibre): () => void {
  setData(map, 'zones', collection([]))
  addLayer(map, () => ({
    id: 'zone-fill', type: 'fill', source: 'zones', filter: looks('shut'),
    paint: { 'fill-color': colour('zone'), 'fill-opacity': 0.16 },
  }))
  addLayer(map, () => ({
    id: 'zone-hatch', type: 'fill', source: 'zones', filter: ['!=', ['get', 'look'], 'inside'],
    paint: {
      'fill-pattern': ['case', looks('idle'), 'hatch-idle', 'hatch'],
      'fill-opacity': ['case', looks('shut'), 0.5, 0.45],
    },
  }))
  addLayer(map, () => ({
    id: 'zone-line', type: 'line', source: 'zones', filter: looks('shut'),
    paint: { 'line-color': colour('zone'), 'line-width': 2 },
  }))
  addLayer(map, () => ({
    id: 'zone-line-inside', type: 'line', source: 'zones', filter: looks('inside'),
    paint: { 'line-color': colour('zone-inside'), 'line-width': 2.5 },
  }))
  addLayer(map, () => ({
    id: 'zone-line-idle', type: 'line', source: 'zones', filter: looks('idle'),
    paint: { 'line-color': colour('zone-idle'), 'line-width': 1.2, 'line-dasharray': [3, 3] },
  }))
  addLayer(map, () => ({
    id: 'label-zones', type: 'symbol', source: 'zones', minzoom: 10,
    layout: {
      'text-field': ['format', ['get', 'title'], {}, '\n', {}, ['get', 'band'], { 'font-scale': 0.9 }],
      'text-font': FONT, 'text-size': 11, 'text-max-width': 9,
    },
    paint: {
      'text-color': ['case', looks('shut'), colour('zone-label'), looks('inside'), colour('zone-inside'), colour('zone-idle')],
      'text-halo-color': colour('halo'), 'text-halo-width': 1.2,
    },
  }))
  const stops = [
    effect(() => {
      void language.value
      setData(map, 'zones', collection(zones.value.features.map((zone) => {
        const { properties } = zone
        const title = `${scripted(properties.name)} · ${kindOf(properties.kind)}`
        return { ...drawn(zone), properties: { ...properties, title, band: heightBand(properties), look: lookOf(properties) } }
      })))
    }),
    effect(() => setVisible(map, showZones.value === 'yes', ...LAYERS)),
  ]
  return () => stops.forEach((stop) => stop())
}
