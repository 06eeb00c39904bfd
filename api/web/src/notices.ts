// Which changes of the situation deserve a word to the operator.

import { mmss } from './format'
import { t, typeNamed } from './i18n'
import { incidents, session, sorties, typeOf } from './state'
import { toast } from './toasts'
import type { Incident, Sortie } from './types'

export function noticeIncident(now: Incident): void {
  const before = incidents.peek().get(now.id)
  const what = typeNamed(typeOf(now.type), now.type)
  const values = { id: now.id, what, drone: now.drone_id ?? '' }
  if (!before) {
    const mine = now.source === 'operator' && now.reported_by === session.peek()?.username // told already
    if (mine) return
    if (now.status === 'open' || now.status === 'assigned') toast('info', t('notice.new', { ...values, p: now.priority }))
  } else if (before.status !== now.status) {
    if (now.status === 'on_scene' && now.clocks.on_scene_at_s !== null && now.clocks.reported_at_s !== null) {
      toast('good', t('notice.on_scene', { ...values, t: mmss(now.clocks.on_scene_at_s - now.clocks.reported_at_s) }))
    } else if (now.status === 'assigned' && now.drone_id) toast('info', t('notice.assigned', values))
    else if (now.status === 'cleared') toast('info', t('notice.cleared', values))
  }
  if (now.status === 'open' && now.latest_decision_id && now.latest_decision_id !== before?.latest_decision_id) {
    toast('warn', t('notice.waiting', values))
  }
}

export function noticeSortie(now: Sortie): void {
  const before = sorties.peek().get(now.id)
  if (now.state === 'failed' && before?.state !== 'failed') {
    toast('error', t('notice.failed', { drone: now.drone_id, why: now.steps.at(-1)?.why ?? '' }))
  }
}
