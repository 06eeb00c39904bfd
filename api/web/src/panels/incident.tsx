// One incident: its clocks, its sortie, the decisions taken for it, and what an operator may do about it.

import { cancel, override, redirect, release, select } from '../actions'
import { coordinates, mmss, timeOfDay } from '../format'
import { showPosition } from '../map/open'
import { policyNamed, reasonText, t, tWord, typeNamed } from '../i18n'
import { activeSortie, decisions, incidents, isActive, may, selected, sorties, typeOf } from '../state'
import { SORTIE_STATES, type Decision, type Incident, type Sortie } from '../types'
import { ClockTable, KeyFigure, PromiseBar, Verdict } from './clocks'
import { Options, whyOf } from './decision'
import { PriorityMark } from './marks'
import { RelayNote } from './relay'

function Stepper({ sortie }: { sortie: Sortie }) {
  const at = SORTIE_STATES.indexOf(sortie.state as (typeof SORTIE_STATES)[number])
  const failed = sortie.state === 'failed'
  return (
    <section class="block">
      <h3>
        {t('sortie.title')} <span class="soft">{sortie.id}</span>
        {sortie.held && <span class="badge is-amber">{t('sortie.held')}</span>}
        <b class={`state${failed ? ' is-bad' : ''}`} data-testid="sortie-state" data-state={sortie.state}>{tWord('sortie', sortie.state)}</b>
      </h3>
      <ol class={`stepper${failed ? ' is-failed' : ''}`}>
        {SORTIE_STATES.map((state, i) => (
          <li
            class={i < at ? 'is-done' : i === at ? 'is-now' : ''} aria-current={i === at ? 'step' : undefined}
            title={tWord('sortie', state)}
          >
            <i /><span>{tWord('sortie', state)}</span>
          </li>
        ))}
      </ol>
      {sortie.orbit && (
        <p class="soft" data-testid="sortie-orbit">
          {t(sortie.orbit.flown ? 'sortie.orbit' : 'sortie.orbit_begun', {
            radius: Math.round(sortie.orbit.radius_m), speed: sortie.orbit.speed_mps.toFixed(1),
          })}
        </p>
      )}
      {sortie.hovers && <p class="soft" data-testid="sortie-hovers">{t('sortie.hovers', { why: reasonText(sortie.hovers).text })}</p>}
      {sortie.video_url && (
        <p class="soft">
          <a href={sortie.video_url} target="_blank" rel="noreferrer" data-testid="sortie-video">{t('sortie.video')}</a>
          {sortie.camera?.seen && ` · ${t('sortie.camera')}`}
        </p>
      )}
      {sortie.unpointed && (
        <p class="warning" data-testid="sortie-unpointed">▲ {t('sortie.unpointed', { why: reasonText(sortie.unpointed).text })}</p>
      )}
      {sortie.steps.length > 0 && (
        <details class="steps">
          <summary>{t('sortie.steps')} ({sortie.steps.length})</summary>
          <ol>
            {sortie.steps.map((step) => (
              <li><time>{timeOfDay(step.at_s)}</time><b>{tWord('sortie', step.state)}</b><span>{step.why}</span></li>
            ))}
          </ol>
        </details>
      )}
    </section>
  )
}

function DecisionCard({ decision, incident }: { decision: Decision; incident: Incident }) {
  const open = may('operator') && isActive(incident)
  return (
    <section class="block">
      <h3>{t('decision.title')} <span class="soft">{t('decision.at', { t: timeOfDay(decision.at_s) })}</span></h3>
      <p class={decision.drone_id ? 'why' : 'warning'}>{decision.drone_id ? '' : '▲ '}{whyOf(decision)}</p>
      <Options
        decision={decision} mark={t('decision.chosen')} inUse={incident.drone_id}
        choose={open ? (option) => void override(incident, option) : undefined}
      />
      <p class="soft small">
        {t('decision.policy', { name: policyNamed(decision.policy) })}
        {decision.inputs_hash && <> · <span title={decision.inputs_hash}>{t('decision.hash', { hash: decision.inputs_hash.slice(0, 12) })}</span></>}
      </p>
    </section>
  )
}

function Decisions({ incident }: { incident: Incident }) {
  const all = decisions.value.get(incident.id)
  if (!all) return <p class="soft pad-y">{t('decision.loading')}</p>
  const latest = all.find((decision) => decision.id === incident.latest_decision_id) ?? all.at(-1)
  if (!latest) return <p class="soft pad-y">{t('decision.none')}</p>
  const earlier = all.filter((decision) => decision !== latest).reverse()
  return (
    <>
      <DecisionCard decision={latest} incident={incident} />
      {earlier.length > 0 && (
        <details class="steps">
          <summary>{t('decision.earlier')} ({earlier.length})</summary>
          <ol>{earlier.map((decision) => <li><time>{timeOfDay(decision.at_s)}</time><span>{whyOf(decision)}</span></li>)}</ol>
        </details>
      )}
    </>
  )
}

function Acts({ incident }: { incident: Incident }) {
  if (!may('operator') || !isActive(incident)) return null
  const sortie = activeSortie(incident.sortie_id)
  const flies = sortie && sortie.incident_id === incident.id
  return (
    <div class="panel-foot acts">
      {flies && <button class="button" type="button" data-testid="release" onClick={() => release(incident)}>{t('incident.release')}</button>}
      {flies && <button class="button" type="button" data-testid="redirect" onClick={() => redirect(sortie)}>{t('incident.redirect')}</button>}
      <button class="button is-danger" type="button" data-testid="cancel" onClick={() => cancel(incident)}>{t('incident.cancel')}</button>
    </div>
  )
}

export function IncidentDetail() {
  const incident = selected.value ? incidents.value.get(selected.value) : undefined
  if (!incident) return null
  const sortie = incident.sortie_id ? sorties.value.get(incident.sortie_id) : undefined
  return (
    <article class="detail" aria-label={`${t('incident.title')} ${incident.id}`} data-testid="incident-detail" data-incident={incident.id}>
      <div class="panel-head">
        <PriorityMark priority={incident.priority} size={34} status={incident.status} />
        <div class="grow">
          <h2>{typeNamed(typeOf(incident.type), incident.type)}</h2>
          <p class="card-sub">
            <span class={`chip is-${incident.status}`} data-testid="incident-status" data-status={incident.status}>{tWord('status', incident.status)}</span>
            <b>{incident.drone_id ?? t('incident.no_drone')}</b>
            <span class="card-id">{incident.id}</span>
          </p>
        </div>
        <KeyFigure incident={incident} />
        <button class="button is-icon" type="button" title={`${t('incident.close')} (Esc)`} aria-label={t('incident.close')} onClick={() => select(null)}>✕</button>
      </div>
      <div class="scroll pad">
        <div class="card-bar is-large"><PromiseBar incident={incident} /><Verdict incident={incident} /></div>
        <ClockTable incident={incident} />
        {incident.note && <p class="note">{incident.note}</p>}
        <dl class="facts">
          <dt>{t('incident.position')}</dt>
          <dd>
            {coordinates(incident.position)}{' '}
            <button class="link-button" type="button" onClick={() => showPosition(incident.position)}>{t('incident.show')}</button>
          </dd>
          <dt>{t('incident.watch')}</dt><dd>{mmss(incident.watch_s)}</dd>
          <dt>{t('incident.source')}</dt>
          <dd>{[tWord('incident.source', incident.source), incident.reported_by].filter(Boolean).join(' · ')}</dd>
        </dl>
        {incident.status === 'open' && incident.why && <p class="warning waits">▲ {t('queue.waiting')}: {incident.why}</p>}
        <RelayNote incident={incident} />
        {sortie ? <Stepper sortie={sortie} /> : (
          <p class="soft pad-y" data-testid="sortie-state" data-state={incident.sortie_id ? 'over' : ''}>
            {incident.sortie_id ? t('sortie.over', { id: incident.sortie_id }) : t('sortie.none')}
          </p>
        )}
        <Decisions incident={incident} />
      </div>
      <Acts incident={incident} />
    </article>
  )
}
