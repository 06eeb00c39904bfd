// Layers are functions of theme and language: each is added once and then restyled in place.

import type { LayerSpecification, Map as MapLibre } from 'maplibre-gl'

type PaintName = Parameters<MapLibre['setPaintProperty']>[1]
type LayoutName = Parameters<MapLibre['setLayoutProperty']>[1]
type Recipe = () => LayerSpecification

const recipes = new WeakMap<MapLibre, Map<string, Recipe>>()

/** Layers from bottom to top, by the prefix of their id. */
const ORDER = ['ground', 'base-map', 'city', 'reach', 'zone', 'boundary', 'route', 'plan', 'label-zones', 'label', 'site', 'patrol']

const rank = (id: string): number => ORDER.findIndex((prefix) => id.startsWith(prefix))

export function addLayer(map: MapLibre, recipe: Recipe): void {
  const layer = recipe()
  const known = recipes.get(map) ?? new Map<string, Recipe>()
  recipes.set(map, known.set(layer.id, recipe))
  const above = map.getStyle().layers.find((other) => rank(other.id) > rank(layer.id))
  map.addLayer(layer, above?.id)
}

export function restyle(map: MapLibre): void {
  for (const [id, recipe] of recipes.get(map) ?? []) {
    if (!map.getLayer(id)) continue
    const { paint = {}, layout = {} } = recipe() as { paint?: object; layout?: object }
    for (const [name, value] of Object.entries(paint)) map.setPaintProperty(id, name as PaintName, value)
    for (const [name, value] of Object.entries(layout)) {
      if (name !== 'visibility') map.setLayoutProperty(id, name as LayoutName, value)
    }
  }
}

export function setVisible(map: MapLibre, visible: boolean, ...ids: string[]): void {
  for (const id of ids) if (map.getLayer(id)) map.setLayoutProperty(id, 'visibility', visible ? 'visible' : 'none')
}

/** For text layers: no glyph server is named, so the browser's own fonts draw them. */
export const FONT = ['sans-serif']
