// Incidents as pins: shape and colour by priority, the number inside, pulsing while no drone is assigned.

import { effect } from '@preact/signals'
import type { Map as MapLibre } from 'maplibre-gl'
import { select } from '../actions'
import { lost, nowS } from '../clock'
import { countdown, lngLat } from '../format'
import { tWord, typeNamed } from '../i18n'
import { PriorityMark } from '../panels/marks'
import { etaOf, incidents, isActive, selected, typeOf } from '../state'
import { Pins } from './pins'

function IncidentPin({ id }: { id: string }) {
  const incident = incidents.value.get(id)
  if (!incident) return null
  const label = `P${incident.priority} ${typeNamed(typeOf(incident.type), incident.type)}, ${tWord('status', incident.status)}, ${id}`
  const eta_at_s = etaOf(incident)
  return (
    <button
      type="button" class={`incident-pin is-${incident.status}`} aria-label={label} title={label}
      aria-pressed={selected.value === id} data-testid={`pin-${id}`} onClick={() => select(id)}
    >
      <PriorityMark priority={incident.priority} size={30} status={incident.status} />
      {eta_at_s !== null && <span class={`pin-eta${lost.value ? ' is-stale' : ''}`}>{countdown(eta_at_s - nowS.value)}</span>}
    </button>
  )
}

export function drawIncidents(map: MapLibre): () => void {
  const pins = new Pins(map, 'incident')
  const stop = effect(() => {
    const shown = [...incidents.value.values()].filter(
      (incident) => isActive(incident) || incident.status === 'cleared' || incident.id === selected.value)
    for (const incident of shown) {
      pins.put(incident.id, lngLat(incident.position), () => <IncidentPin id={incident.id} />)
    }
    pins.keepOnly(new Set(shown.map((incident) => incident.id)))
  })
  return () => {
    stop()
    pins.clear()
  }
}
