// What lies under the pointer, in a few words: base, candidate site, geozone.

import { Popup, type Map as MapLibre, type MapGeoJSONFeature } from 'maplibre-gl'
import { named, scripted, t } from '../i18n'
import { zones } from '../state'
import { zoneLines } from '../zones'

const LAYERS = ['site-bases', 'site-candidates', 'label-airports', 'zone-hatch', 'zone-line-inside']

function words({ layer, properties }: MapGeoJSONFeature): string[] {
  const thing = properties as { name: string; name_zh?: string; id?: string }
  switch (layer.id) {
    case 'site-bases': {
      const { ready, docks } = properties as { ready: number; docks: number }
      return [`${t('map.base')} · ${named(thing)}`, t('map.ready_of', { ready, docks })]
    }
    case 'site-candidates':
      return [`${t('map.candidate')} · ${named(thing) || thing.id}`]
    case 'label-airports':
      return [`${t('map.airport')} · ${named(thing)}`]
    default: {
      // MapLibre flattens properties: what the zone says is in the state
      const zone = zones.value.features.find((one) => one.properties.id === thing.id)
      return zone ? zoneLines(zone.properties, scripted(zone.properties.name)) : []
    }
  }
}

export function showTips(map: MapLibre): () => void {
  const popup = new Popup({ closeButton: false, closeOnClick: false, focusAfterOpen: false, offset: 14, className: 'tip' })
  let last = ''
  const move = (event: { point: { x: number; y: number }; lngLat: { lng: number; lat: number } }) => {
    const layers = LAYERS.filter((id) => map.getLayer(id))
    const [top] = map.queryRenderedFeatures([event.point.x, event.point.y], { layers })
    if (!top) return hide()
    const lines = words(top)
    const key = lines.join('\n')
    if (key !== last) {
      const box = document.createElement('div')
      for (const line of lines) box.appendChild(document.createElement('div')).textContent = line
      popup.setDOMContent(box)
      last = key
    }
    popup.setLngLat(event.lngLat)
    if (!popup.isOpen()) popup.addTo(map)
  }
  const hide = () => {
    popup.remove()
    last = ''
  }
  map.on('mousemove', move)
  map.on('mouseout', hide)
  return hide
}
