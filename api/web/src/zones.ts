// Geozones in words and as ground on the map: kind, height band, hours.

import type { Feature, MultiPolygon, Polygon } from 'geojson'
import { round } from './circle'
import { timeOfDay } from './format'
import { t } from './i18n'
import type { Zone, ZoneHours, ZoneKind, ZoneProperties } from './types'

const DAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN']

export type Drawn = Feature<Polygon | MultiPolygon, ZoneProperties>

/** The zone as ground to be drawn: a circle, which is a Point with a radius, as a ring of many corners. */
export function drawn(zone: Zone): Drawn {
  const { geometry, properties } = zone
  if (geometry.type !== 'Point') return { ...zone, geometry }
  const [lon = 0, lat = 0] = geometry.coordinates
  const ring = round([lon, lat], properties.radius_m ?? 0)
  return { ...zone, geometry: { type: 'Polygon', coordinates: [ring] } }
}

export type Look = 'shut' | 'inside' | 'idle'

/** How it looks: drones keep out of it, stay inside it, or it binds nobody now. */
export function lookOf({ kind, in_force, granted_until_s }: ZoneProperties): Look {
  if (!in_force || granted_until_s !== null) return 'idle'
  return kind === 'inclusion' ? 'inside' : 'shut'
}

type Band = Pick<ZoneProperties, 'floor_m' | 'floor_reference' | 'ceiling_m' | 'ceiling_reference'>

/** The height band; each limit with what it is above, once where both are above the same. */
export function heightBand({ floor_m, floor_reference, ceiling_m, ceiling_reference }: Band): string {
  const same = floor_reference === ceiling_reference
  const floor = floor_m ? `${Math.round(floor_m)} m${ceiling_m !== null && same ? '' : ` ${floor_reference}`}` : t('map.ground')
  const ceiling = ceiling_m === null ? t('map.unlimited') : `${Math.round(ceiling_m)} m ${ceiling_reference}`
  return `${floor} – ${ceiling}`
}

/** Its weekly hours, one text each; none where it holds at all hours. */
export function hoursOf(hours: readonly ZoneHours[]): string[] {
  return hours.map(({ days, start, end, time_zone }) => {
    const on = days.length === DAYS.length ? t('zone.daily') : days.map((day) => t(`zone.${day}` as 'zone.MON')).join(' ')
    const clock = isClock(start) || isClock(end) ? ` ${time_zone}` : ''
    return `${on} ${when(start)}–${when(end)}${clock}`
  })
}

const isClock = (text: string): boolean => text.includes(':')
const when = (text: string): string => (isClock(text) ? text.slice(0, 5) : t(`zone.${text}` as 'zone.SR'))

export const kindOf = (kind: ZoneKind): string => t(`zone.${kind}` as 'zone.prohibited')

/** What the pointer is told of a zone: kind and name, state, heights, times, conditions. */
export function zoneLines(zone: ZoneProperties, name: string): string[] {
  const { valid_from_s, valid_until_s, granted_until_s } = zone
  const state = !zone.in_force ? t('map.zone_not_in_force')
    : granted_until_s !== null ? t('zone.granted', { t: timeOfDay(granted_until_s) }) : t('map.zone_in_force')
  return [
    `${kindOf(zone.kind)} · ${name} · ${state}`,
    heightBand(zone),
    ...hoursOf(zone.hours),
    [
      valid_from_s !== null && t('map.zone_from', { t: timeOfDay(valid_from_s) }),
      valid_until_s !== null && t('map.zone_until', { t: timeOfDay(valid_until_s) }),
    ].filter(Boolean).join(' '),
    zone.conditions,
  ].filter((line) => line !== '')
}
