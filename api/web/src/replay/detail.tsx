// One incident of the run: its clocks so far, who came, what became of it.

import { select } from '../actions'
import { coordinates, mmss } from '../format'
import { t, tWord, typeNamed } from '../i18n'
import { showPosition } from '../map/open'
import { ClockTable, KeyFigure, PromiseBar, Verdict } from '../panels/clocks'
import { DroneMark, PriorityMark } from '../panels/marks'
import { incidents, selected, typeOf } from '../state'
import { idOf } from './picture'
import { rows } from './state'

export function Detail() {
  const incident = selected.value ? incidents.value.get(selected.value) : undefined
  const row = incident && rows.value?.find(({ call }) => idOf(call) === incident.id)
  if (!incident || !row) return <Legend />
  const over = incident.status === 'closed' || incident.status === 'cancelled'
  return (
    <article class="detail" data-testid="run-incident" data-incident={incident.id}>
      <div class="panel-head">
        <PriorityMark priority={incident.priority} size={34} status={incident.status} />
        <div class="grow">
          <h2>{typeNamed(typeOf(incident.type), incident.type)}</h2>
          <p class="card-sub">
            <span class={`chip is-${incident.status}`} data-testid="incident-status" data-status={incident.status}>{tWord('status', incident.status)}</span>
            <b data-testid="incident-drone">{incident.drone_id ?? t('incident.no_drone')}</b>
            <span class="card-id">{incident.id}</span>
          </p>
        </div>
        <KeyFigure incident={incident} />
        <button class="button is-icon" type="button" title={`${t('incident.close')} (Esc)`} aria-label={t('incident.close')} onClick={() => select(null)}>✕</button>
      </div>
      <div class="scroll pad">
        <div class="card-bar is-large"><PromiseBar incident={incident} /><Verdict incident={incident} /></div>
        <ClockTable incident={incident} />
        <dl class="facts">
          <dt>{t('incident.position')}</dt>
          <dd>
            {coordinates(incident.position)}{' '}
            <button class="link-button" type="button" onClick={() => showPosition(incident.position)}>{t('incident.show')}</button>
          </dd>
          <dt>{t('replay.drone')}</dt>
          <dd>{row.drone_id === null ? t('replay.nobody') : t('replay.of_base', { drone: row.drone_id, base: row.base_id ?? '' })}</dd>
          {over && <><dt>{t('replay.fate')}</dt><dd>{tWord('fate', row.fate)}</dd></>}
          {row.reliefs > 0 && <><dt>{t('replay.reliefs')}</dt><dd>{t('replay.relieved', { n: row.reliefs, drone: row.drone_id ?? '' })}</dd></>}
          {row.robbed > 0 && <><dt>{t('replay.robbed')}</dt><dd>{t('replay.times', { n: row.robbed })}</dd></>}
          {row.gap_s > 0 && <><dt>{t('replay.gap')}</dt><dd>{mmss(row.gap_s)}</dd></>}
        </dl>
        {row.queued && <p class="warning waits">▲ {t('replay.queued')}</p>}
        {row.false_alarm && over && <p class="soft pad-y">{t('replay.false_alarm')}</p>}
      </div>
    </article>
  )
}

function Legend() {
  return (
    <div class="scroll pad">
      <section class="legend" aria-label={t('legend.title')}>
        <h3>{t('legend.title')}</h3>
        <ul>
          {[1, 2, 3, 4, 5].map((n) => <li><PriorityMark priority={n} size={22} />{t('legend.priority', { n })}</li>)}
          <li><PriorityMark priority={1} size={22} status="open" />{t('legend.open')}</li>
          <li><DroneMark role="out" heading_deg={45} />{t('legend.outbound')}</li>
          <li><DroneMark role="scene" />{t('legend.on_scene')}</li>
          <li><DroneMark role="home" heading_deg={225} />{t('legend.homebound')}</li>
          <li><span class="swatch is-base">2/3</span>{t('legend.base')}</li>
          <li><span class="swatch is-zone" />{t('legend.zone')}</li>
        </ul>
      </section>
      <p class="soft small pad-y">{t('replay.note')}</p>
    </div>
  )
}
