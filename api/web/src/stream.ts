// The one-way stream from the server. EventSource resumes by event id itself; we only restart it when it gives up.

import { sessionEnded } from './actions'
import { api, Problem } from './api'
import { hearInject, lookAtDrill } from './drill/drills'
import type { Inject } from './drill/types'
import { heard, setClock, stopListening } from './clock'
import {
  addDecision, session, setDrones, setIncident, setSituation, setSortie, weather, zones,
} from './state'
import { noticeIncident, noticeSortie } from './notices'
import type { Clock, Decision, Drone, Incident, Situation, Sortie, Wind, Zones } from './types'

const RETRY_MS = 2_000
const GIVE_UP_MS = 15_000 // silent for that long, though open: a dead peer; knock again

let source: EventSource | null = null
let retry: ReturnType<typeof setTimeout> | undefined
let watchdog: ReturnType<typeof setTimeout> | undefined

const handlers: Record<string, (data: never) => void> = {
  situation: (data: Situation) => { setSituation(data); void lookAtDrill() },
  drones: (data: Drone[]) => setDrones(data),
  incident: (data: Incident) => { noticeIncident(data); setIncident(data) },
  sortie: (data: Sortie) => { noticeSortie(data); setSortie(data) },
  decision: (data: Decision) => addDecision(data),
  zones: (data: Zones) => { zones.value = data },
  weather: (data: { wind: Wind; rain_mm_h: number }) => { weather.value = data },
  clock: (data: Clock) => setClock(data),
  drill: () => void lookAtDrill(),
  inject: (data: Inject) => hearInject(data),
}

export function openStream(): void {
  closeStream()
  const opened = new EventSource('/api/v1/stream')
  source = opened
  for (const [name, handle] of Object.entries(handlers)) {
    opened.addEventListener(name, (event) => {
      heard()
      rearm()
      handle(JSON.parse((event as MessageEvent<string>).data) as never)
    })
  }
  opened.onerror = () => {
    if (opened.readyState === EventSource.CLOSED) void again() // refused, not merely dropped
  }
  rearm()
}

export function closeStream(): void {
  clearTimeout(retry)
  clearTimeout(watchdog)
  source?.close()
  source = null
}

function rearm(): void {
  clearTimeout(watchdog)
  watchdog = setTimeout(() => void again(), GIVE_UP_MS)
}

async function again(): Promise<void> {
  closeStream()
  try {
    await api.session()
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      stopListening()
      sessionEnded()
      return
    }
  }
  if (session.peek()) retry = setTimeout(openStream, RETRY_MS)
}
