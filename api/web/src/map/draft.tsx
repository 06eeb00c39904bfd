// The place of the report that is being written: a cross-hair that can be dragged.

import { effect } from '@preact/signals'
import { render } from 'preact'
import { Marker, type Map as MapLibre } from 'maplibre-gl'
import { startDraft } from '../actions'
import { lngLat } from '../format'
import { draft } from '../state'

function CrossHair() {
  return (
    <svg viewBox="-24 -24 48 48" width="48" height="48" aria-hidden="true">
      <circle class="cross-halo" r="13" /><circle class="cross-ring" r="13" />
      <path class="cross-halo" d="M0-21V-8M0 21V8M-21 0H-8M21 0H8" />
      <path class="cross-ring" d="M0-21V-8M0 21V8M-21 0H-8M21 0H8" />
      <circle class="cross-dot" r="2" />
    </svg>
  )
}

export function drawDraft(map: MapLibre): () => void {
  const element = document.createElement('div')
  element.className = 'pin pin-draft'
  render(<CrossHair />, element)
  const marker = new Marker({ element, draggable: true })
  marker.on('dragend', () => {
    const { lng, lat } = marker.getLngLat()
    startDraft({ longitude_deg: lng, latitude_deg: lat })
  })
  let shown = false
  const stop = effect(() => {
    const where = draft.value?.position
    if (!where) {
      marker.remove()
      shown = false
      return
    }
    marker.setLngLat(lngLat(where))
    if (!shown) marker.addTo(map)
    shown = true
    if (!map.getBounds().contains(lngLat(where))) map.easeTo({ center: lngLat(where), duration: 400 })
  })
  return () => {
    stop()
    marker.remove()
  }
}
