// What trainees of a drill have been told of, where it is: numbered as in the drill's timetable.

import { effect } from '@preact/signals'
import type { Map as MapLibre } from 'maplibre-gl'
import { listed, textOf, told } from '../drill/drills'
import { lngLat } from '../format'
import { panel } from '../state'
import { Pins } from './pins'

function InjectPin({ name }: { name: string }) {
  const k = told.value.findIndex((inject) => inject.name === name)
  const inject = told.value[k]
  if (!inject) return null
  const open = () => {
    listed.value = false
    panel.value = 'drill'
  }
  return (
    <button type="button" class="inject-mark" aria-label={`${k + 1} ${textOf(inject)}`} title={textOf(inject)} data-testid={`inject-pin-${name}`} onClick={open}>{k + 1}</button>
  )
}

export function drawInjects(map: MapLibre): () => void {
  const pins = new Pins(map, 'inject')
  const stop = effect(() => {
    const placed = told.value.filter(({ position }) => position !== null)
    for (const { name, position } of placed) pins.put(name, lngLat(position!), () => <InjectPin name={name} />)
    pins.keepOnly(new Set(placed.map(({ name }) => name)))
  })
  return () => {
    stop()
    pins.clear()
  }
}
