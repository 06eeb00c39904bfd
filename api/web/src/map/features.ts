// Small helpers around GeoJSON sources.

import type { Feature, FeatureCollection, Geometry } from 'geojson'
import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl'

export const collection = <G extends Geometry, P>(features: Feature<G, P>[]): FeatureCollection<G, P> =>
  ({ type: 'FeatureCollection', features })

export function setData(map: MapLibre, source: string, data: FeatureCollection | Feature): void {
  const found = map.getSource<GeoJSONSource>(source)
  if (found) void found.setData(data)
  else map.addSource(source, { type: 'geojson', data })
}
