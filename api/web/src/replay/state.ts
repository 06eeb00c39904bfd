// Which run is looked at, at what instant of it, and how quickly that moves on.

import { computed, signal } from '@preact/signals'
import type { Run, RunDetail, RunIncident } from './types'

export const runs = signal<readonly Run[] | null>(null)
export const run = signal<RunDetail | null>(null)

/** The instant that is shown. */
export const atS = signal(0)
export const playing = signal(false)
export const RATES = [1, 10, 60, 600] as const
export const rate = signal<(typeof RATES)[number]>(10)

/** The incidents of the window that the instant lies in; null: they are being asked for, and the clock stands. */
export const rows = signal<readonly RunIncident[] | null>(null)
/** What is wrong, in words. */
export const problem = signal('')

export const waits = computed(() => run.value !== null && rows.value === null && problem.value === '')
