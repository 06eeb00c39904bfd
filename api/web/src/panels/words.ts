// What a drone is doing, in a word.

import { t, tWord } from '../i18n'
import { sorties } from '../state'
import type { Drone } from '../types'

export function stateWord(drone: Drone): string {
  const sortie = drone.sortie_id ? sorties.value.get(drone.sortie_id) : undefined
  if (sortie && (drone.activity === 'sortie' || drone.in_air)) return sortie.held ? t('activity.held') : tWord('sortie', sortie.state)
  if (drone.ready && drone.activity === 'docked') return t('activity.ready')
  return tWord('activity', drone.activity)
}
