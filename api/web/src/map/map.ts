// The map itself: created once per city; every other map module draws into it from the signals.

import { effect } from '@preact/signals'
import { Map as MapLibre, ScaleControl, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import 'maplibre-gl/dist/maplibre-gl.css'
import { addPatrolPoint, startDraft } from '../actions'
import { t } from '../i18n'
import { patrol, theme } from '../state'
import type { City, Position } from '../types'
import { addBasemap } from './basemap'
import { drawCity } from './city'
import { drawDraft } from './draft'
import { drawDrones } from './drones'
import { addImages } from './icons'
import { drawIncidents } from './incidents'
import { readColours } from './colours'
import { drawPatrol } from './patrol'
import { drawReach } from './reach'
import { drawRoutes } from './routes'
import { restyle } from './layers'
import { showTips } from './tips'
import { drawZones } from './zones'

setWorkerUrl(workerUrl)

declare global {
  interface Window {
    reach180: { map: MapLibre | null; ready: boolean }
  }
}

window.reach180 = { map: null, ready: false }

let map: MapLibre | null = null

const position = ({ lng, lat }: { lng: number; lat: number }): Position => ({ longitude_deg: lng, latitude_deg: lat })

export const mapCentre = (): Position | null => (map ? position(map.getCenter()) : null)
export const zoomBy = (levels: number): void => void map?.zoomTo(map.getZoom() + levels, { duration: 200 })

export function showPosition(where: Position): void {
  map?.easeTo({ center: [where.longitude_deg, where.latitude_deg], zoom: Math.max(map.getZoom(), 12.5), duration: 400 })
}

const WHOLE = { padding: { top: 64, right: 28, bottom: 36, left: 28 }, duration: 0 } // clear of the tools

export function showWhole(city: City): void {
  map?.fitBounds(city.bounds, WHOLE)
}

/** Draws the city into `container`; the returned function takes everything down again. */
export function openMap(container: HTMLElement, city: City): () => void {
  const opened = new MapLibre({
    container,
    style: { version: 8, sources: {}, layers: [] }, // no glyphs, no sprite: nothing is fetched
    bounds: city.bounds,
    fitBoundsOptions: WHOLE,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 0,
    localIdeographFontFamily: '"Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif',
  })
  map = opened
  opened.touchZoomRotate.disableRotation()
  opened.keyboard.disableRotation()
  opened.addControl(new ScaleControl({ maxWidth: 120 }), 'bottom-left')
  window.reach180 = { map: opened, ready: false }

  const undo: (() => void)[] = []
  opened.once('load', () => {
    readColours()
    addImages(opened)
    addBasemap(opened, city)
    undo.push(
      drawCity(opened, city), drawReach(opened, city), drawZones(opened), drawRoutes(opened), drawPatrol(opened),
      drawIncidents(opened), drawDrones(opened), drawDraft(opened), showTips(opened),
      effect(() => {
        void theme.value
        opened.getCanvas().setAttribute('aria-label', t('map.label')) // follows the language, as does the rest
        queueMicrotask(() => { // after the document took the new theme
          readColours()
          addImages(opened)
          restyle(opened)
        })
      }),
    )
    opened.once('idle', () => { window.reach180.ready = true })
  })
  opened.on('click', (event) => {
    if (event.originalEvent.target !== opened.getCanvas()) return // a marker was meant
    const at = position(event.lngLat)
    if (patrol.value) addPatrolPoint(at)
    else startDraft(at)
  })
  return () => {
    undo.forEach((stop) => stop())
    opened.remove()
    map = null
    window.reach180 = { map: null, ready: false }
  }
}
