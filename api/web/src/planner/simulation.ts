// A simulation as it is asked for: what is written in its form, and the request that it becomes.

import { signal } from '@preact/signals'
import { explain } from '../actions'
import { get } from '../api'
import { toast } from '../toasts'
import { Asking, listed, numeral, words } from './asking'
import type { Policy } from './types'

export interface SimulationForm {
  name: string
  city: boolean
  plans: readonly string[]
  policies: readonly string[]
  /** By policy: one setting or several, by commas; none: where it stands. */
  dials: Readonly<Record<string, string>>
  calls: 'model' | 'fitted' | 'replayed'
  calls_datum: string
  calls_time_zone: string
  growth: string
  begins: string
  days: string
  warm_up_h: string
  replications: string
  seed: string
  cell_m: string
  share: string
  wind: string
  refused_share: string
  lost_per_hour: string
  repair_s: string
  patience_s: string
  most_in_air: string
  record: boolean
}

export const simulation = new Asking<SimulationForm>('simulation', {
  name: '', city: true, plans: [], policies: ['nearest-able'], dials: {},
  calls: 'model', calls_datum: '', calls_time_zone: '', growth: '1',
  begins: '', days: '28', warm_up_h: '24', replications: '20', seed: '1', cell_m: '1000', share: '0.9',
  wind: '', refused_share: '', lost_per_hour: '', repair_s: '3600', patience_s: '', most_in_air: '', record: true,
}, ['layout', 'weather'])

export const policies = signal<readonly Policy[]>([])

export async function loadPolicies(): Promise<void> {
  try {
    policies.value = await get<Policy[]>('/policies')
  } catch (error) {
    toast('warn', explain(error))
  }
}

export const toggled = (all: readonly string[], one: string): string[] =>
  all.includes(one) ? all.filter((other) => other !== one) : [...all, one]

/** What runs of it there are besides: replayed calls are the same in every run. */
export function callsFrom(calls: SimulationForm['calls']): void {
  const once = calls === 'replayed'
  const before = simulation.form.value.calls === 'replayed'
  simulation.change({ calls, ...(once !== before && { replications: once ? '1' : '20', days: once ? '' : '28' }) })
}

function specs({ policies: chosen, dials }: SimulationForm): string[] {
  return chosen.flatMap((name) => {
    const set = listed(dials[name] ?? '')
    return set.length > 0 ? set.map((dial) => `${name}:${dial}`) : [name]
  })
}

function request(now: SimulationForm): object {
  const file = now.calls !== 'model'
  return {
    name: now.name.trim(),
    city: now.city,
    plans: now.plans,
    policies: specs(now),
    replay: now.calls === 'replayed',
    calls_datum: file ? words(now.calls_datum) : undefined,
    calls_time_zone: file ? words(now.calls_time_zone) : undefined,
    growth: now.calls === 'replayed' ? undefined : numeral(now.growth),
    begins: words(now.begins),
    days: numeral(now.days),
    warm_up_h: numeral(now.warm_up_h),
    replications: numeral(now.replications),
    seed: numeral(now.seed),
    cell_m: numeral(now.cell_m),
    share: numeral(now.share),
    wind: words(now.wind),
    refused_share: numeral(now.refused_share),
    lost_per_hour: numeral(now.lost_per_hour),
    repair_s: numeral(now.repair_s),
    patience_s: numeral(now.patience_s),
    most_in_air: numeral(now.most_in_air),
    record: now.record,
  }
}

export const startSimulation = (): Promise<void> => {
  const now = simulation.form.value
  return simulation.send(request(now), [...(now.calls === 'model' ? [] : ['calls']), 'layout', 'weather'])
}
