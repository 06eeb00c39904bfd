// Chinese map datums to WGS-84, exactly (fixed point), so that the pin stands where the drone will go.

import type { Position } from './types'

export const DATUMS = ['WGS-84', 'GCJ-02', 'BD-09'] as const
export type Datum = (typeof DATUMS)[number]

const AXIS_M = 6378245.0
const ECCENTRICITY2 = 0.00669342162296594323
const RAD = Math.PI / 180
const BAIDU = (Math.PI * 3000) / 180
const METRES_PER_DEG = 111_320

/** GCJ-02 shifts only what its authors took for China: this box. */
const inGcjBox = ({ longitude_deg: lon, latitude_deg: lat }: Position): boolean =>
  lon >= 72.004 && lon <= 137.8347 && lat >= 0.8293 && lat <= 55.8271

function ripple(x: number): number {
  return ((20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * 2) / 3
}

function wgsToGcj(p: Position): Position {
  const x = p.longitude_deg - 105
  const y = p.latitude_deg - 35
  let lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) + ripple(x)
  lat += ((20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * 2) / 3
  lat += ((160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * 2) / 3
  let lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) + ripple(x)
  lon += ((20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * 2) / 3
  lon += ((150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * 2) / 3
  const phi = p.latitude_deg * RAD
  const magic = 1 - ECCENTRICITY2 * Math.sin(phi) ** 2
  const meridian_m = (AXIS_M * (1 - ECCENTRICITY2)) / magic ** 1.5
  const parallel_m = (AXIS_M / Math.sqrt(magic)) * Math.cos(phi)
  return {
    longitude_deg: p.longitude_deg + lon / (parallel_m * RAD),
    latitude_deg: p.latitude_deg + lat / (meridian_m * RAD),
  }
}

function gcjToWgs(goal: Position): Position {
  let guess = goal
  for (let i = 0; i < 10; i++) {
    const shifted = wgsToGcj(guess)
    guess = {
      longitude_deg: guess.longitude_deg + goal.longitude_deg - shifted.longitude_deg,
      latitude_deg: guess.latitude_deg + goal.latitude_deg - shifted.latitude_deg,
    }
  }
  return guess
}

function gcjToBd(p: Position): Position {
  const z = Math.hypot(p.longitude_deg, p.latitude_deg) + 0.00002 * Math.sin(p.latitude_deg * BAIDU)
  const angle = Math.atan2(p.latitude_deg, p.longitude_deg) + 0.000003 * Math.cos(p.longitude_deg * BAIDU)
  return { longitude_deg: z * Math.cos(angle) + 0.0065, latitude_deg: z * Math.sin(angle) + 0.006 }
}

function bdToGcj(goal: Position): Position {
  let guess = { longitude_deg: goal.longitude_deg - 0.0065, latitude_deg: goal.latitude_deg - 0.006 }
  for (let i = 0; i < 10; i++) {
    const shifted = gcjToBd(guess)
    guess = {
      longitude_deg: guess.longitude_deg + goal.longitude_deg - shifted.longitude_deg,
      latitude_deg: guess.latitude_deg + goal.latitude_deg - shifted.latitude_deg,
    }
  }
  return guess
}

export function toWgs84(position: Position, datum: Datum): Position {
  if (!inGcjBox(position)) return position
  switch (datum) {
    case 'WGS-84': return position
    case 'GCJ-02': return gcjToWgs(position)
    case 'BD-09': return gcjToWgs(bdToGcj(position))
  }
}

/** Metres between two near positions. */
export function apart_m(a: Position, b: Position): number {
  const north = (a.latitude_deg - b.latitude_deg) * METRES_PER_DEG
  const east = (a.longitude_deg - b.longitude_deg) * METRES_PER_DEG * Math.cos(a.latitude_deg * RAD)
  return Math.hypot(north, east)
}
