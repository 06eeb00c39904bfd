// Markers in the document, above the map: what moves or must be clicked, focused and read aloud. Moving one costs no
// redrawing of the map.

import { render, type ComponentChild } from 'preact'
import { Marker, type Map as MapLibre } from 'maplibre-gl'

export class Pins {
  private readonly shown = new Map<string, { marker: Marker; element: HTMLElement }>()

  constructor(private readonly map: MapLibre, private readonly kind: string) {}

  has = (id: string): boolean => this.shown.has(id)

  put(id: string, at: [number, number], view: () => ComponentChild): void {
    const known = this.shown.get(id)
    if (known) {
      known.marker.setLngLat(at)
      return
    }
    const element = document.createElement('div')
    element.className = `pin pin-${this.kind}`
    render(view(), element)
    const marker = new Marker({ element, anchor: 'center' }).setLngLat(at).addTo(this.map)
    element.removeAttribute('aria-label') // MapLibre's own, in English; the view names itself
    element.removeAttribute('role')
    element.removeAttribute('tabindex')
    this.shown.set(id, { marker, element })
  }

  move(id: string, at: [number, number]): void {
    this.shown.get(id)?.marker.setLngLat(at)
  }

  keepOnly(ids: ReadonlySet<string>): void {
    for (const [id, { marker, element }] of this.shown) {
      if (ids.has(id)) continue
      render(null, element)
      marker.remove()
      this.shown.delete(id)
    }
  }

  clear(): void {
    this.keepOnly(new Set())
  }
}
