// Coordinates out of pasted text: decimal degrees or degrees-minutes-seconds, with or without N/E/北/东.

import type { Position } from './types'

type Bounds = [west: number, south: number, east: number, north: number]

const ANGLE = String.raw`([-+]?\d+(?:\.\d+)?)\s*(?:[°度]\s*(?:(\d+(?:\.\d+)?)\s*['′’分]\s*)?(?:(\d+(?:\.\d+)?)\s*(?:["″”秒]|''))?)?`
const LETTER_FIRST = new RegExp(String.raw`([NSEW北南东西])[纬经]?\s*[:：=]?\s*${ANGLE}`, 'giu')
const LETTER_LAST = new RegExp(String.raw`${ANGLE}\s*([NSEW北南东西](?![a-z纬经]))?`, 'giu')
const NORTH_SOUTH = /[NS北南]/iu
const NEGATIVE = /[SW南西]/iu

interface Term {
  value: number
  axis: 'latitude' | 'longitude' | null
}

function term(degrees: string, minutes: string | undefined, seconds: string | undefined, letter = ''): Term {
  const size = Math.abs(Number(degrees)) + Number(minutes ?? 0) / 60 + Number(seconds ?? 0) / 3600
  return {
    value: degrees.startsWith('-') || NEGATIVE.test(letter) ? -size : size,
    axis: letter === '' ? null : NORTH_SOUTH.test(letter) ? 'latitude' : 'longitude',
  }
}

function terms(text: string): Term[] {
  return /^\s*[NSEW北南东西]/iu.test(text)
    ? [...text.matchAll(LETTER_FIRST)].map(([, letter, d, m, s]) => term(d!, m, s, letter))
    : [...text.matchAll(LETTER_LAST)].map(([, d, m, s, letter]) => term(d!, m, s, letter))
}

const inside = ({ longitude_deg: lon, latitude_deg: lat }: Position, [w, s, e, n]: Bounds, slack_deg = 0.1): boolean =>
  lon >= w - slack_deg && lon <= e + slack_deg && lat >= s - slack_deg && lat <= n + slack_deg

/**
 * The position that `text` names, or null. Where the order of two bare numbers is not certain, the reading that lies
 * in the city wins; otherwise latitude comes first, as most people write it.
 */
export function parseCoordinates(text: string, bounds: Bounds): Position | null {
  const found = terms(text)
  if (found.length !== 2) return null
  const [first, second] = found as [Term, Term]
  const latitudeFirst = { latitude_deg: first.value, longitude_deg: second.value }
  const longitudeFirst = { latitude_deg: second.value, longitude_deg: first.value }
  const possible = ({ latitude_deg, longitude_deg }: Position) =>
    Math.abs(latitude_deg) <= 90 && Math.abs(longitude_deg) <= 180
  if (first.axis && second.axis && first.axis === second.axis) return null
  const axis = first.axis ?? (second.axis === 'latitude' ? 'longitude' : second.axis ? 'latitude' : null)
  const readings = axis === 'latitude' ? [latitudeFirst] : axis === 'longitude' ? [longitudeFirst]
    : [latitudeFirst, longitudeFirst]
  const meant = readings.filter(possible)
  return meant.find((reading) => inside(reading, bounds)) ?? meant[0] ?? null
}

export const inCity = (position: Position, bounds: Bounds): boolean => inside(position, bounds, 0)
