// A map of the city on a page: made once, restyled with theme and language; who asks for it says what is drawn into it.

import { effect } from '@preact/signals'
import { Map as MapLibre, ScaleControl, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import 'maplibre-gl/dist/maplibre-gl.css'
import { t } from '../i18n'
import { theme } from '../state'
import type { City, Position } from '../types'
import { addBasemap } from './basemap'
import { readColours } from './colours'
import { addImages } from './icons'
import { restyle } from './layers'

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

type Draw = (map: MapLibre) => (() => void)[]

/** Draws the city into `container`; the returned function takes everything down again. */
export function openMapOn(container: HTMLElement, city: City, draw: Draw, click: (at: Position) => void): () => void {
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
      ...draw(opened),
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
    if (event.originalEvent.target === opened.getCanvas()) click(position(event.lngLat)) // else a marker was meant
  })
  return () => {
    undo.forEach((stop) => stop())
    opened.remove()
    map = null
    window.reach180 = { map: null, ready: false }
  }
}
