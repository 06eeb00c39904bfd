// The incidents, most urgent first.

import { select } from '../actions'
import { typeNamed, t, tWord } from '../i18n'
import { finished, queue, selected, typeOf } from '../state'
import type { Incident } from '../types'
import { ClockLine, KeyFigure, PromiseBar, Verdict } from './clocks'
import { PriorityMark } from './marks'

const FINISHED_SHOWN = 30

function Card({ incident }: { incident: Incident }) {
  const chosen = selected.value === incident.id
  return (
    <li>
      <button
        type="button" class={`card is-${incident.status}${chosen ? ' is-selected' : ''}`} aria-pressed={chosen}
        data-testid={`incident-${incident.id}`} data-status={incident.status} onClick={() => select(incident.id)}
      >
        <PriorityMark priority={incident.priority} size={30} status={incident.status} />
        <span class="card-main">
          <span class="card-title">{typeNamed(typeOf(incident.type), incident.type)}</span>
          <span class="card-sub">
            <span class={`chip is-${incident.status}`}>{tWord('status', incident.status)}</span>
            <span>{incident.drone_id ?? (incident.status === 'open' ? t('queue.waiting') : '')}</span>
            {incident.relay?.lacks && <span class="badge is-amber">{t('relay.lacks_badge')}</span>}
            <span class="card-id">{incident.id}</span>
          </span>
        </span>
        <KeyFigure incident={incident} />
        <span class="card-bar"><PromiseBar incident={incident} /><Verdict incident={incident} /></span>
        <ClockLine incident={incident} />
        {incident.note && <span class="card-note">{incident.note}</span>}
      </button>
    </li>
  )
}

function Finished() {
  const rows = finished.value
  if (rows.length === 0) return null
  return (
    <details class="finished">
      <summary>{t('queue.finished', { n: rows.length })}</summary>
      <ul>{rows.slice(0, FINISHED_SHOWN).map((incident) => <Card key={incident.id} incident={incident} />)}</ul>
    </details>
  )
}

export function Queue() {
  const rows = queue.value
  return (
    <nav class="queue" aria-label={t('queue.title')}>
      <h2 class="panel-title">{t('queue.title')}<span class="count">{rows.length}</span></h2>
      <div class="scroll">
        {rows.length === 0 && (
          <div class="empty"><b>{t('queue.empty')}</b><p>{t('queue.empty_hint')}</p></div>
        )}
        <ul>{rows.map((incident) => <Card key={incident.id} incident={incident} />)}</ul>
        <Finished />
      </div>
    </nav>
  )
}
