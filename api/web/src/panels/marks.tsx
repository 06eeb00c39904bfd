// The signs of the room, the same on the map, in the lists and in the legend. Shape says as much as colour.

import type { Drone, IncidentStatus, Sortie } from '../types'

const polygon = (corners: number, radius: number, turn_deg: number): string =>
  Array.from({ length: corners }, (_, i) => {
    const angle = ((turn_deg + (360 / corners) * i) * Math.PI) / 180
    return `${i ? 'L' : 'M'}${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`
  }).join('') + 'Z'

/** 1 octagon, 2 triangle, 3 diamond, 4 circle, 5 pentagon. */
const SHAPES: Record<number, { path: string; drop: number }> = {
  1: { path: polygon(8, 11, 22.5), drop: 0 },
  2: { path: 'M0-13L13 10H-13Z', drop: 3.5 },
  3: { path: polygon(4, 12, 0), drop: 0 },
  4: { path: polygon(36, 10, 0), drop: 0 },
  5: { path: polygon(5, 11, 0), drop: 0 },
}

interface PriorityProps {
  priority: number
  size?: number
  status?: IncidentStatus
}

export function PriorityMark({ priority, size = 24, status = 'assigned' }: PriorityProps) {
  const { path, drop } = SHAPES[priority] ?? SHAPES[5]!
  return (
    <svg class={`mark priority-${priority} is-${status}`} viewBox="-16 -16 32 32" width={size} height={size} aria-hidden="true">
      {status === 'open' && <circle class="mark-pulse" r="12" />}
      {status === 'on_scene' && <circle class="mark-ring" r="14.5" />}
      <path class="mark-shape" d={path} />
      <text class="mark-number" y={drop} dy="0.36em" text-anchor="middle">{priority}</text>
    </svg>
  )
}

export type DroneRole = 'out' | 'scene' | 'home' | 'held' | 'lost' | 'ready' | 'charging' | 'off'

export function roleOf(drone: Drone, sortie: Sortie | undefined): DroneRole {
  if (drone.activity === 'lost') return 'lost'
  if (sortie && drone.in_air) {
    if (sortie.held) return 'held'
    switch (sortie.state) {
      case 'on_scene': return 'scene'
      case 'released': case 'returning': case 'landing': return 'home'
      default: return 'out'
    }
  }
  if (drone.activity === 'offline' || drone.activity === 'withdrawn') return 'off'
  if (drone.activity === 'sortie') return 'out'
  return drone.ready ? 'ready' : 'charging'
}

const ARROW = 'M0-12L9 10L0 5.500L-9 10Z'

export function DroneMark({ role, heading_deg = 0, size = 22 }: { role: DroneRole; heading_deg?: number; size?: number }) {
  return (
    <svg class={`mark drone-${role}`} viewBox="-16 -16 32 32" width={size} height={size} aria-hidden="true">
      {(role === 'out' || role === 'home') && (
        <path class="mark-shape" d={ARROW} transform={`rotate(${heading_deg.toFixed(0)})`} />
      )}
      {role === 'scene' && (
        <>
          <path class="mark-tick" d="M0-15V-10" transform={`rotate(${heading_deg.toFixed(0)})`} />
          <circle class="mark-shape" r="10" /><circle class="mark-eye" r="4" />
        </>
      )}
      {role === 'held' && (
        <>
          <circle class="mark-shape" r="11" /><path class="mark-line" d="M-3.500-5V5M3.500-5V5" />
        </>
      )}
      {role === 'lost' && (
        <>
          <circle class="mark-pulse" r="12" /><path class="mark-shape" d="M-10-10H10V10H-10Z" />
          <path class="mark-line" d="M-5-5L5 5M5-5L-5 5" />
        </>
      )}
      {role === 'ready' && <><path class="mark-shape" d="M-9-9H9V9H-9Z" /><path class="mark-line" d="M-5 0L-1 4L5-4" /></>}
      {role === 'charging' && <><path class="mark-shape" d="M-9-9H9V9H-9Z" /><path class="mark-line" d="M2-7L-4 1H4L-2 7" /></>}
      {role === 'off' && <><circle class="mark-shape" r="9.500" /><path class="mark-line" d="M-6.500 6.500L6.500-6.500" /></>}
    </svg>
  )
}

export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg class="logo" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <path class="logo-arc" d="M5 21a11 11 0 0 1 22 0" /><path class="logo-arc is-inner" d="M10.500 21a5.500 5.500 0 0 1 11 0" />
      <path class="logo-hand" d="M16 21 22.500 10.500" /><circle class="logo-hub" cx="16" cy="21" r="2.600" />
      <path class="logo-ground" d="M5 26h22" />
    </svg>
  )
}
