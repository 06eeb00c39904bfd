// The replay's map: the room's own layers, drawn from what the run was at the instant that is shown.

import { select } from '../actions'
import { drawBases, drawGround } from '../map/city'
import { drawDrones } from '../map/drones'
import { drawIncidents } from '../map/incidents'
import { openMapOn } from '../map/open'
import { drawRoutes } from '../map/routes'
import { showTips } from '../map/tips'
import { drawZones } from '../map/zones'
import type { City } from '../types'

export function openReplayMap(container: HTMLElement, city: City): () => void {
  return openMapOn(
    container,
    city,
    (map) => {
      drawGround(map, city)
      return [drawBases(map, city), drawZones(map), drawRoutes(map), drawIncidents(map), drawDrones(map), showTips(map)]
    },
    () => select(null),
  )
}
