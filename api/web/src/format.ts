// Figures as an operator reads them.

import type { Position } from './types'

/** Elapsed or remaining time as m:ss, or h:mm:ss from an hour on. */
export function mmss(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}

const ON_TIME_S = 2

/** Time left, or with a plus the time by which it is overdue. */
export const countdown = (left_s: number): string => (isOverdue(left_s) ? `+${mmss(-left_s)}` : mmss(left_s))
export const isOverdue = (left_s: number): boolean => left_s < -ON_TIME_S

let zone: string | null = null

/** Tell times of day in this zone, not the browser's: those of a run that was elsewhere. */
export const tellTimesIn = (time_zone: string): void => { zone = time_zone }

export function timeOfDay(at_s: number): string {
  if (zone) return localTime(at_s, zone).slice(11)
  const date = new Date(at_s * 1000)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':')
}

const clocks = new Map<string, Intl.DateTimeFormat>()

/** Date and time in a time zone, as 2026-01-05T08:00:00. */
export function localTime(at_s: number, time_zone: string): string {
  let clock = clocks.get(time_zone)
  if (!clock) {
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone: time_zone, dateStyle: 'short', timeStyle: 'medium' })
    clocks.set(time_zone, clock)
  }
  return clock.format(at_s * 1000).replace(' ', 'T')
}

export const percent = (share: number): string => `${Math.round(share * 100)}%`

export const metres = (m: number): string => (m < 995 ? `${Math.round(m)} m` : `${(m / 1000).toFixed(1)} km`)

export function coordinates({ longitude_deg, latitude_deg }: Position): string {
  const part = (value: number, positive: string, negative: string) =>
    `${Math.abs(value).toFixed(5)}° ${value < 0 ? negative : positive}`
  return `${part(latitude_deg, 'N', 'S')}, ${part(longitude_deg, 'E', 'W')}`
}

export const lngLat = (position: Position): [number, number] => [position.longitude_deg, position.latitude_deg]
