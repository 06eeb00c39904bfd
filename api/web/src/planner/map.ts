// The planner's map: geozones, the sites there are, what is drawn, and one or two layouts in shapes and colours of their own.

import { effect } from '@preact/signals'
import type { Feature, Point } from 'geojson'
import type { Map as MapLibre } from 'maplibre-gl'
import { lngLat } from '../format'
import { drawGround } from '../map/city'
import { colour } from '../map/colours'
import { collection, setData } from '../map/features'
import { addLayer, FONT, setVisible } from '../map/layers'
import { openMapOn } from '../map/open'
import { drawZones } from '../map/zones'
import type { City, Position } from '../types'
import { addPlace, drawnArea } from './actions'
import { areaFile, corners, plan, points, shown, SIDES, type Side } from './state'

const point = (at: Position, properties: object): Feature<Point> =>
  ({ type: 'Feature', properties, geometry: { type: 'Point', coordinates: lngLat(at) } })

function drawSites(map: MapLibre, city: City): () => void {
  setData(map, 'candidates', city.candidates)
  setData(map, 'bases', collection(city.bases.map((base) => point(base.position, { name: base.name }))))
  addLayer(map, () => ({
    id: 'site-candidates', type: 'symbol', source: 'candidates',
    layout: { 'icon-image': 'candidate', 'icon-allow-overlap': true },
  }))
  addLayer(map, () => ({
    id: 'site-bases', type: 'symbol', source: 'bases', layout: { 'icon-image': 'base', 'icon-allow-overlap': true },
  }))
  return effect(() => {
    setVisible(map, plan.form.value.candidates, 'site-candidates')
    setVisible(map, plan.form.value.bases, 'site-bases')
  })
}

function drawDrawn(map: MapLibre): () => void {
  setData(map, 'drawn-area', collection([]))
  setData(map, 'drawn-points', collection([]))
  addLayer(map, () => ({
    id: 'plan-area', type: 'line', source: 'drawn-area',
    paint: { 'line-color': colour('patrol'), 'line-width': 2.5, 'line-dasharray': [3, 2] },
  }))
  addLayer(map, () => ({
    id: 'site-drawn', type: 'circle', source: 'drawn-points',
    paint: {
      'circle-radius': ['case', ['get', 'corner'], 4, 6], 'circle-color': colour('patrol'),
      'circle-stroke-width': 1.5, 'circle-stroke-color': colour('halo'),
    },
  }))
  return effect(() => {
    const ring = corners.value.map(lngLat)
    const open: Feature = { type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: ring } }
    setData(map, 'drawn-area', areaFile.value?.area ?? drawnArea() ?? collection(ring.length > 1 ? [open] : []))
    setData(map, 'drawn-points', collection([
      ...corners.value.map((at) => point(at, { corner: true })), ...points.value.map((at) => point(at, { corner: false })),
    ]))
  })
}

function drawLayout(map: MapLibre, side: Side): () => void {
  const source = `layout-${side}`
  const ink = () => colour(`plan-${side}`)
  setData(map, source, collection([]))
  setData(map, `${source}-cover`, collection([]))
  addLayer(map, () => ({
    id: `plan-cover-${side}`, type: 'fill', source: `${source}-cover`, paint: { 'fill-color': ink(), 'fill-opacity': 0.13 },
  }))
  addLayer(map, () => ({
    id: `plan-edge-${side}`, type: 'line', source: `${source}-cover`,
    paint: { 'line-color': ink(), 'line-width': 1.2, ...(side === 'b' && { 'line-dasharray': [4, 3] }) },
  }))
  addLayer(map, () => ({
    id: `site-layout-${side}`, type: 'symbol', source,
    layout: {
      'icon-image': `plan-${side}`, 'icon-allow-overlap': true, 'icon-ignore-placement': true,
      'text-field': ['get', 'id'], 'text-font': FONT, 'text-size': 11, 'text-anchor': side === 'a' ? 'bottom' : 'top',
      'text-offset': [0, side === 'a' ? -1 : 1], 'text-optional': true,
    },
    paint: { 'text-color': ink(), 'text-halo-color': colour('halo'), 'text-halo-width': 1.4 },
  }))
  return effect(() => {
    const layout = shown.value[side]
    const bases = layout?.plan.bases ?? []
    setData(map, source, collection(bases.map(({ id, longitude, latitude }) =>
      point({ longitude_deg: longitude, latitude_deg: latitude }, { id }))))
    setData(map, `${source}-cover`, layout?.coverage ?? collection([]))
  })
}

export function openPlannerMap(container: HTMLElement, city: City): () => void {
  return openMapOn(
    container,
    city,
    (map) => {
      drawGround(map, city)
      return [drawZones(map), drawSites(map, city), drawDrawn(map), ...SIDES.map((side) => drawLayout(map, side))]
    },
    addPlace,
  )
}
