// Who takes over from the drone on scene, when, and for how long nobody has watched.

import { nowS } from '../clock'
import { mmss } from '../format'
import { reasonText, t } from '../i18n'
import type { Incident, Relay } from '../types'

const inS = (at_s: number | null): string => mmss((at_s ?? nowS.value) - nowS.value)

function told(relay: Relay, first: string): string {
  const drone = relay.drone_id ?? ''
  if (relay.lacks) return t('relay.lacks', { first, left: inS(relay.leaves_at_s), why: reasonText(relay.lacks).text })
  if (!relay.sortie_id) return t('relay.foreseen', { first, drone, left: inS(relay.leaves_at_s), call: inS(relay.call_at_s) })
  return relay.eta_at_s === null ? t('relay.there', { first, drone }) : t('relay.coming', { first, drone, eta: inS(relay.eta_at_s) })
}

export function RelayNote({ incident }: { incident: Incident }) {
  const unwatched_s = incident.gaps.reduce((sum, gap) => sum + (gap.until_at_s ?? nowS.value) - gap.from_at_s, 0)
  return (
    <>
      {incident.relay && (
        <p class={incident.relay.lacks ? 'warning waits' : 'soft'} data-testid="relay">
          {incident.relay.lacks ? '▲ ' : ''}{told(incident.relay, incident.drone_id ?? '')}
        </p>
      )}
      {incident.gaps.length > 0 && <p class="warning waits" data-testid="gaps">▲ {t('relay.gaps', { t: mmss(unwatched_s) })}</p>}
    </>
  )
}
