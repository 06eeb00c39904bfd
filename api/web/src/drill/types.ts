// What the server says of drills, word for word (`/api/v1/drills`).

import type { ResultFile } from '../jobs/types'
import type { Position } from '../types'

export interface Drill {
  name: string
  title_en: string
  title_zh: string
  introduction_en: string
  introduction_zh: string
  incidents: number
  injects: number
  last_at_s: number
  misfit: 'real_vehicles' | 'other_city' | null // why it cannot be begun in this room
}

export interface Inject {
  at_s: number
  name: string
  text_en: string
  text_zh: string
  within_s: number | null // null: nothing is asked
  position: Position | null
}

export interface Objective {
  kind: 'on_scene' | 'watched' | 'answered' | 'as_expected' | 'no_breach' | 'apart' | 'all_home'
  met: boolean
  figures: Record<string, number>
  limits: Record<string, number>
  names: string[]
}

export interface Score {
  passed: boolean
  lasted_s: number
  objectives: Objective[]
  incidents: {
    name: string
    type: string
    outcome: string
    as_expected: boolean
    drone_id: string
    clocks_s: Record<string, number | null>
    watched_share: number | null
  }[]
  answers: { name: string; within_s: number; after_s: number | null }[]
  unfinished: string
}

/** The drill that is played in this room, or was last. */
export interface Played {
  name: string
  title_en: string
  title_zh: string
  state: 'running' | 'over' | 'failed'
  asked_by: string
  passed_s: number | null // null: not begun yet, or over
  last_at_s: number
  injects: Inject[]
  standing: Score | null
  score: Score | null
  failed: string
  files: ResultFile[]
}
