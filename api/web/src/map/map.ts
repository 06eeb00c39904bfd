// The room's map: every other map module draws into it from the signals.

import { addPatrolPoint, startDraft } from '../actions'
import { patrol } from '../state'
import type { City } from '../types'
import { drawBases, drawGround } from './city'
import { drawDraft } from './draft'
import { drawDrones } from './drones'
import { drawIncidents } from './incidents'
import { drawInjects } from './injects'
import { openMapOn } from './open'
import { drawPatrol } from './patrol'
import { drawReach } from './reach'
import { drawRoutes } from './routes'
import { showTips } from './tips'
import { drawZones } from './zones'

/** Draws the room's city into `container`; the returned function takes everything down again. */
export function openMap(container: HTMLElement, city: City): () => void {
  return openMapOn(
    container,
    city,
    (map) => {
      drawGround(map, city)
      return [
        drawBases(map, city), drawReach(map, city), drawZones(map), drawRoutes(map), drawPatrol(map), drawIncidents(map),
        drawInjects(map), drawDrones(map), drawDraft(map), showTips(map),
      ]
    },
    (at) => {
      if (patrol.value) addPatrolPoint(at)
      else startDraft(at)
    },
  )
}
