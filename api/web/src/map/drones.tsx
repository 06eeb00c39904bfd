// Drones that are out, as pins that glide from report to report. Those at home are counted on their base.

import { effect } from '@preact/signals'
import type { Map as MapLibre } from 'maplibre-gl'
import { selectDrone } from '../actions'
import { lost } from '../clock'
import { lngLat } from '../format'
import { DroneMark, roleOf } from '../panels/marks'
import { stateWord } from '../panels/words'
import { drones, selectedDrone, sorties } from '../state'
import type { Drone } from '../types'
import { Pins } from './pins'

const SLOWEST_MS = 1_500 // older than that, a drone is where it last was: no gliding across a gap
const FAR_DEG = 0.02
const STILL_MPS = 3

const isOut = (drone: Drone): boolean => drone.in_air || drone.activity === 'sortie' || drone.activity === 'lost'

function DronePin({ id }: { id: string }) {
  const drone = drones.value.get(id)
  if (!drone) return null
  const role = roleOf(drone, drone.sortie_id ? sorties.value.get(drone.sortie_id) : undefined)
  const still = drone.ground_speed_mps < STILL_MPS // over its scene, not flying a patrol
  const label = `${id}, ${stateWord(drone)}`
  return (
    <button
      type="button" class={`drone-pin is-${role}${still ? ' is-still' : ''}${lost.value ? ' is-stale' : ''}`} aria-label={label} title={label}
      aria-pressed={selectedDrone.value === id} onClick={() => selectDrone(id)}
    >
      <DroneMark role={role} heading_deg={drone.heading_deg} size={26} />
      <span class="pin-name">{id}</span>
    </button>
  )
}

interface Glide {
  from: [number, number]
  to: [number, number]
  start_ms: number
  last_ms: number
}

export function drawDrones(map: MapLibre): () => void {
  const pins = new Pins(map, 'drone')
  const glides = new Map<string, Glide>()
  const calm = matchMedia('(prefers-reduced-motion: reduce)')
  let frame = 0

  function at(glide: Glide, now_ms: number): [number, number] {
    const done = Math.min(1, (now_ms - glide.start_ms) / glide.last_ms)
    return [
      glide.from[0] + (glide.to[0] - glide.from[0]) * done,
      glide.from[1] + (glide.to[1] - glide.from[1]) * done,
    ]
  }

  function step(now_ms: number): void {
    let moving = false
    for (const [id, glide] of glides) {
      if (glide.from === glide.to) continue
      pins.move(id, at(glide, now_ms))
      if (now_ms - glide.start_ms < glide.last_ms) moving = true
      else glide.from = glide.to
    }
    frame = moving ? requestAnimationFrame(step) : 0
  }

  const stop = effect(() => {
    const now_ms = performance.now()
    const shown = new Set<string>()
    for (const drone of drones.value.values()) {
      if (!drone.position || !isOut(drone)) continue
      shown.add(drone.id)
      const to = lngLat(drone.position)
      const before = glides.get(drone.id)
      if (before && before.to[0] === to[0] && before.to[1] === to[1]) continue
      const from = before ? at(before, now_ms) : to
      const since_ms = before ? now_ms - before.start_ms : 0
      const jump = calm.matches || !before || since_ms > SLOWEST_MS || Math.hypot(to[0] - from[0], to[1] - from[1]) > FAR_DEG
      glides.set(drone.id, { from: jump ? to : from, to, start_ms: now_ms, last_ms: Math.max(50, since_ms) })
      if (jump) pins.put(drone.id, to, () => <DronePin id={drone.id} />)
    }
    pins.keepOnly(shown)
    for (const id of glides.keys()) if (!shown.has(id)) glides.delete(id)
    if (!frame) frame = requestAnimationFrame(step)
  })
  return () => {
    stop()
    cancelAnimationFrame(frame)
    pins.clear()
  }
}
