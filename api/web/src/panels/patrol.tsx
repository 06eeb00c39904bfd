// The patrol that is being drawn: its points, how long to hold over the last one, send.

import { sendPatrol, undoPatrolPoint } from '../actions'
import { apart_m } from '../datum'
import { coordinates, metres } from '../format'
import { t } from '../i18n'
import { patrol } from '../state'

const HOLD_S = [30, 60, 120, 300, 600]

export function PatrolForm() {
  const now = patrol.value
  if (!now) return null
  const { points, hold_s } = now
  const length_m = points.slice(1).reduce((sum, point, i) => sum + apart_m(points[i]!, point), 0)
  return (
    <form class="report" data-testid="patrol-form" aria-label={t('patrol.title')} onSubmit={(event) => { event.preventDefault(); void sendPatrol() }}>
      <div class="panel-head">
        <h2>{t('patrol.title')}</h2>
        <button class="button is-quiet" type="button" onClick={() => { patrol.value = null }}>{t('report.discard')} <kbd>Esc</kbd></button>
      </div>
      <div class="scroll pad">
        <p>{t('patrol.hint')}</p>
        <p class="soft">{t('patrol.points', { n: points.length, m: metres(length_m) })}</p>
        <ol class="patrol-points">{points.map((point) => <li>{coordinates(point)}</li>)}</ol>
        <button class="button" type="button" disabled={points.length === 0} onClick={undoPatrolPoint}>{t('patrol.undo')} <kbd>⌫</kbd></button>
        <label class="field">
          <span>{t('patrol.hold')}</span>
          <select value={hold_s} onChange={(event) => { patrol.value = { ...now, hold_s: Number(event.currentTarget.value) } }}>
            {HOLD_S.map((seconds) => <option value={seconds}>{seconds} s</option>)}
          </select>
        </label>
      </div>
      <div class="panel-foot">
        <button class="button is-main is-wide" type="submit" disabled={points.length < 2} data-testid="patrol-send">{t('patrol.send')} <kbd>↵</kbd></button>
      </div>
    </form>
  )
}
