// A geozone's height band in words.

import { t } from './i18n'
import type { ZoneProperties } from './types'

export function heightBand(zone: Pick<ZoneProperties, 'floor_m' | 'ceiling_m' | 'height_reference'>): string {
  const floor = zone.floor_m ? `${Math.round(zone.floor_m)} m` : t('map.ground')
  const ceiling = zone.ceiling_m === null ? t('map.unlimited') : `${Math.round(zone.ceiling_m)} m`
  const reference = zone.floor_m || zone.ceiling_m !== null ? ` ${zone.height_reference}` : ''
  return `${floor} – ${ceiling}${reference}`
}
