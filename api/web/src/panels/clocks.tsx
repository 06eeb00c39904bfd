// The clocks of one incident, and the promise as a bar that turns when it is not kept.

import { lost, nowS } from '../clock'
import { countdown, isOverdue, mmss, timeOfDay } from '../format'
import { t } from '../i18n'
import { city, etaOf } from '../state'
import { CLOCKS, type Incident } from '../types'

const SHOWN_OF_PROMISE = 1.5 // the bar's whole length, in promises
const SOON_SHARE = 0.8

export interface Progress {
  elapsed_s: number // to the scene, or so far
  arrived: boolean
  running: boolean
  forecast_s: number | null // from report to scene, as now expected
  tone: 'good' | 'soon' | 'late' | 'none'
}

export function progressOf({ clocks, status, eta_at_s, type }: Incident, now_s: number, promise_s: number): Progress {
  const reported_s = clocks.reported_at_s ?? now_s
  const arrived = clocks.on_scene_at_s !== null
  const running = !arrived && (status === 'open' || status === 'assigned')
  const end_s = clocks.on_scene_at_s ?? (running ? now_s : clocks.cleared_at_s ?? clocks.returned_at_s ?? now_s)
  const elapsed_s = Math.max(0, end_s - reported_s)
  const forecast_s = running && eta_at_s !== null ? Math.max(elapsed_s, eta_at_s - reported_s) : null
  const worst_s = forecast_s ?? elapsed_s
  const tone = type === 'patrol' || (!arrived && !running) ? 'none'
    : worst_s > promise_s ? 'late'
    : !arrived && elapsed_s > promise_s * SOON_SHARE ? 'soon' : 'good'
  return { elapsed_s, arrived, running, forecast_s, tone }
}

export function PromiseBar({ incident }: { incident: Incident }) {
  const promise_s = city.value?.promise_s ?? 180
  const { elapsed_s, forecast_s, tone, arrived } = progressOf(incident, nowS.value, promise_s)
  const place = (seconds: number) => `${Math.min(100, (100 * seconds) / (promise_s * SHOWN_OF_PROMISE)).toFixed(2)}%`
  const { reported_at_s, decided_at_s, launched_at_s } = incident.clocks
  const ticks = [decided_at_s, launched_at_s].filter((at): at is number => at !== null && reported_at_s !== null)
  return (
    <div
      class={`promise is-${tone}${arrived ? ' has-arrived' : ''}`} role="meter" aria-valuemin={0}
      aria-valuemax={promise_s} aria-valuenow={Math.round(elapsed_s)} aria-valuetext={mmss(elapsed_s)}
      title={t('queue.promise', { t: mmss(promise_s) })}
    >
      {forecast_s !== null && <i class="promise-forecast" style={{ width: place(forecast_s) }} />}
      <i class="promise-fill" style={{ width: place(elapsed_s) }} />
      {ticks.map((at) => <i class="promise-tick" style={{ left: place(at - reported_at_s!) }} />)}
      <i class="promise-limit" style={{ left: place(promise_s) }} />
    </div>
  )
}

/** "in time", "late by 0:20", "forecast: 0:20 late": the verdict in words. */
export function Verdict({ incident }: { incident: Incident }) {
  const promise_s = city.value?.promise_s ?? 180
  const { elapsed_s, forecast_s, arrived, running, tone } = progressOf(incident, nowS.value, promise_s)
  if (tone === 'none') return null
  const over_s = elapsed_s - promise_s
  const forecastOver_s = (forecast_s ?? 0) - promise_s
  const text = over_s > 0 ? t('queue.late_by', { t: mmss(over_s) })
    : running && forecastOver_s > 0 ? t('queue.forecast_late', { t: mmss(forecastOver_s) })
    : arrived ? t('queue.in_time') : null
  return text && <span class={`verdict is-${tone}`}>{text}</span>
}

/** The one figure that matters now: time to arrival, time it took, or time since the report. */
export function KeyFigure({ incident }: { incident: Incident }) {
  const now_s = nowS.value
  const { elapsed_s, arrived, running } = progressOf(incident, now_s, city.value?.promise_s ?? 180)
  const eta_at_s = etaOf(incident)
  const stale = lost.value && (running || eta_at_s !== null)
  const [label, value] = eta_at_s !== null
    ? [t(isOverdue(eta_at_s - now_s) ? 'queue.overdue' : 'queue.arrives_in'), countdown(eta_at_s - now_s)]
    : arrived ? [t('queue.arrived_after'), mmss(elapsed_s)]
    : [t('queue.since'), mmss(elapsed_s)]
  return (
    <span class={`key-figure${stale ? ' is-stale' : ''}`}>
      <small>{label}</small>
      <b>{stale ? `${value}?` : value}</b>
    </span>
  )
}

/** The clocks so far in one line, as time since the report; the key figure tells of the scene. */
export function ClockLine({ incident: { clocks } }: { incident: Incident }) {
  const { reported_at_s } = clocks
  if (reported_at_s === null) return null
  const set = CLOCKS.slice(1).filter((name) => name !== 'on_scene' && clocks[`${name}_at_s`] !== null)
  return (
    <span class="card-clocks">
      <b title={t('clock.reported')}>{timeOfDay(reported_at_s)}</b>
      {set.map((name) => <> · {t(`clock.${name}`)} <b>{mmss(clocks[`${name}_at_s`]! - reported_at_s)}</b></>)}
    </span>
  )
}

export function ClockTable({ incident }: { incident: Incident }) {
  const { clocks } = incident
  return (
    <ol class="clocks">
      {CLOCKS.map((name) => {
        const at_s = clocks[`${name}_at_s`]
        const told = at_s === null ? '–'
          : name === 'reported' || clocks.reported_at_s === null ? timeOfDay(at_s) : `+${mmss(at_s - clocks.reported_at_s)}`
        return (
          <li class={at_s === null ? 'is-unset' : ''}>
            <span>{t(`clock.${name}`)}</span>
            <b data-testid={`clock-${name}`} title={at_s === null ? '' : timeOfDay(at_s)}>{told}</b>
          </li>
        )
      })}
    </ol>
  )
}
