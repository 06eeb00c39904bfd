// The engine's clock, read between its ticks, and how long the server has been silent.

import { computed, signal } from '@preact/signals'
import type { Clock } from './types'

const SILENCE_S = 5

let anchor = { engine_s: Date.now() / 1000, at_ms: performance.now() }

export const speed = signal(1)
/** The engine's now in seconds, a few times a second: what countdowns read. */
export const nowS = signal(anchor.engine_s)
/** Seconds of wall time since the server last said anything; null before its first word. */
export const silentS = signal<number | null>(null)
export const lost = computed(() => silentS.value !== null && silentS.value >= SILENCE_S)

let heard_ms: number | null = null

export function setClock(clock: Clock): void {
  anchor = { engine_s: clock.now_at_s, at_ms: performance.now() }
  speed.value = clock.speed
  nowS.value = clock.now_at_s
}

export function heard(): void {
  heard_ms = performance.now()
  if (silentS.value !== 0) silentS.value = 0
}

export function stopListening(): void {
  heard_ms = null
  silentS.value = null
}

export function engineNow(): number {
  return anchor.engine_s + ((performance.now() - anchor.at_ms) / 1000) * speed.peek()
}

setInterval(() => {
  nowS.value = engineNow()
  if (heard_ms !== null) {
    const silent = (performance.now() - heard_ms) / 1000
    silentS.value = silent < SILENCE_S ? 0 : Math.floor(silent)
  }
}, 250)
