// A new incident: where, what, how urgent; who would go; dispatch.

import { useState } from 'preact/hooks'
import { changeDraft, dispatchDraft, draftTypes, startDraft } from '../actions'
import { apart_m, DATUMS, toWgs84, type Datum } from '../datum'
import { inCity, parseCoordinates } from '../coordinates'
import { coordinates } from '../format'
import { t, typeNamed } from '../i18n'
import { composing } from '../keyboard'
import { city, draft, preview, typeOf, type Draft } from '../state'
import { PriorityMark } from './marks'
import { Options, whyOf } from './decision'

const WATCH_MIN = [2, 5, 10, 15, 20, 30]

function Place({ now }: { now: Draft }) {
  const [text, setText] = useState('')
  const [datum, setDatum] = useState<Datum>('WGS-84')
  const [unreadable, setUnreadable] = useState(false)
  const bounds = city.value!.bounds

  function apply() {
    const found = parseCoordinates(text, bounds)
    setUnreadable(!found)
    if (!found) return
    const there = toWgs84(found, datum)
    const by_m = apart_m(found, there)
    startDraft(there, datum === 'WGS-84' ? null : { datum, by_m })
    setText('')
  }

  return (
    <div class="field place">
      <span>{t('report.place')}</span>
      <div>
        <output class="coordinates" data-testid="coordinates">{coordinates(now.position)} <small>WGS-84</small></output>
        {now.moved && <p class="soft">{t('report.moved', { datum: now.moved.datum, m: Math.round(now.moved.by_m) })}</p>}
        {!inCity(now.position, bounds) && <p class="warning">▲ {t('report.outside')}</p>}
        <div class="paste">
          <input
            type="text" value={text} placeholder={t('report.paste_hint')} aria-label={t('report.paste')} data-testid="paste"
            aria-invalid={unreadable} onInput={(event) => { setText(event.currentTarget.value); setUnreadable(false) }}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || composing(event)) return
              event.preventDefault()
              apply()
            }}
          />
          <select aria-label={t('report.datum')} value={datum} data-testid="datum" onChange={(event) => setDatum(event.currentTarget.value as Datum)}>
            {DATUMS.map((name) => <option value={name}>{name}</option>)}
          </select>
          <button class="button" type="button" data-testid="paste-apply" disabled={!text.trim()} onClick={apply}>{t('report.apply')}</button>
        </div>
        {unreadable && <p class="problem" role="alert">{t('report.unreadable')}</p>}
      </div>
    </div>
  )
}

function Types({ now }: { now: Draft }) {
  return (
    <div class="types" role="group" aria-label={t('report.type')}>
      {draftTypes().map((type, i) => (
        <button
          type="button" class={`type priority-${type.priority}`} aria-pressed={now.type === type.code} data-enter="dispatch"
          data-testid={`type-${type.code}`} onClick={() => changeDraft({ type: type.code, priority: null })}
        >
          {i < 9 && <kbd>{i + 1}</kbd>}
          <span>{typeNamed(type, type.code)}</span>
        </button>
      ))}
    </div>
  )
}

function Priority({ now }: { now: Draft }) {
  const ofType = now.type ? typeOf(now.type)?.priority : undefined
  const chosen = now.priority ?? ofType
  return (
    <div class="field">
      <span>{t('report.priority')}</span>
      <div class="segments" role="group" aria-label={t('report.priority')}>
        {[1, 2, 3, 4, 5].map((n) => (
          <button
            type="button" aria-pressed={chosen === n} data-enter="dispatch" data-testid={`priority-${n}`}
            title={n === ofType ? t('report.priority_of_type') : t('legend.priority', { n })}
            onClick={() => changeDraft({ priority: n === ofType ? null : n })}
          >
            <PriorityMark priority={n} size={22} />
          </button>
        ))}
      </div>
    </div>
  )
}

function Watch({ now }: { now: Draft }) {
  const ofType_s = now.type ? typeOf(now.type)?.watch_s : undefined
  return (
    <label class="field">
      <span>{t('report.watch')}</span>
      <select
        value={now.watch_s ?? ''} data-testid="watch"
        onChange={(event) => changeDraft({ watch_s: event.currentTarget.value ? Number(event.currentTarget.value) : null })}
      >
        <option value="">{ofType_s ? t('incident.minutes', { n: Math.round(ofType_s / 6) / 10 }) : '–'}</option>
        {WATCH_MIN.filter((n) => n * 60 !== ofType_s).map((n) => <option value={n * 60}>{t('incident.minutes', { n })}</option>)}
      </select>
    </label>
  )
}

function Preview({ now }: { now: Draft }) {
  const { decision, asking, problem } = preview.value
  return (
    <section class={`preview${asking ? ' is-asking' : ''}`} aria-busy={asking} data-testid="preview">
      <h3>{t('decision.preview')}{asking && <span class="soft"> {t('decision.asking')}</span>}</h3>
      {!now.type && <p class="soft">{t('decision.pick_type')}</p>}
      {problem && <p class="warning" role="alert">▲ {problem}</p>}
      {decision && (
        <>
          {!decision.drone_id && <p class="warning">▲ {whyOf(decision)}</p>}
          <Options decision={decision} mark={t('decision.goes')} />
        </>
      )}
    </section>
  )
}

export function ReportForm() {
  const now = draft.value
  if (!now) return null
  const goes = preview.value.decision
  const label = !goes ? t('report.dispatch')
    : goes.drone_id ? t('report.dispatch_drone', { drone: goes.drone_id }) : t('report.dispatch_wait')
  return (
    <form
      class="report" data-testid="incident-form" aria-label={t('report.title')}
      onSubmit={(event) => { event.preventDefault(); void dispatchDraft() }}
    >
      <div class="panel-head">
        <h2>{t('report.title')}</h2>
        <button class="button is-quiet" type="button" data-testid="discard" onClick={() => { draft.value = null }}>{t('report.discard')} <kbd>Esc</kbd></button>
      </div>
      <div class="scroll pad">
        <Types now={now} />
        <div class="row"><Priority now={now} /><Watch now={now} /></div>
        <label class="field">
          <span>{t('report.note')}</span>
          <input
            type="text" value={now.note} maxLength={500} placeholder={t('report.note_hint')} data-testid="note"
            onInput={(event) => changeDraft({ note: event.currentTarget.value })}
            onKeyDown={(event) => { if (event.key === 'Enter' && composing(event)) event.preventDefault() }}
          />
        </label>
        <Place now={now} />
        <Preview now={now} />
      </div>
      <div class="panel-foot">
        <button
          class={`button is-main is-wide${goes && !goes.drone_id ? ' is-amber' : ''}`} type="submit" data-testid="dispatch"
          disabled={!now.type}
        >
          {label} <kbd>↵</kbd>
        </button>
      </div>
    </form>
  )
}
