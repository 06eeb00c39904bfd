// Who goes and why not the others: every drone ranked, its time part by part, or the reason it is out.

import { mmss, metres } from '../format'
import { language, reasonText, t, tWord } from '../i18n'
import { city } from '../state'
import { TIME_PARTS, type Decision, type FlightTime, type Option } from '../types'

/** In English the engine's own sentence; in Chinese one from the same figures. */
export function whyOf(decision: Decision): string {
  if (!decision.drone_id) return language.value === 'en' && decision.why ? decision.why : t('decision.nobody')
  if (language.value === 'en' && decision.why) return decision.why
  const pick = decision.options.find((option) => option.drone_id === decision.drone_id)
  if (!pick?.time) return decision.why
  const values = { drone: pick.drone_id, t: mmss(pick.time.total_s), id: pick.preempts ?? '' }
  return t(pick.preempts ? 'decision.summary_preempts' : 'decision.summary', values)
}

function TimeBar({ time, longest_s }: { time: FlightTime; longest_s: number }) {
  const promise_s = city.value?.promise_s ?? 180
  const told = TIME_PARTS.map((part) => `${t(`part.${part}`)} ${time[`${part}_s`].toFixed(1)} s`).join(' · ')
  return (
    <span class="time-bar" role="img" aria-label={told} title={told}>
      {TIME_PARTS.map((part) => {
        const seconds = time[`${part}_s`]
        return seconds > 0 && <i class={`part-${part}`} style={{ width: `${((100 * seconds) / longest_s).toFixed(2)}%` }} />
      })}
      {promise_s <= longest_s && <i class="time-limit" style={{ left: `${((100 * promise_s) / longest_s).toFixed(2)}%` }} />}
    </span>
  )
}

function TimeLegend() {
  return (
    <p class="time-legend" aria-hidden="true">
      {TIME_PARTS.map((part) => <span><i class={`part-${part}`} />{t(`part.${part}`)}</span>)}
    </p>
  )
}

interface OptionsProps {
  decision: Decision
  /** The word at the chosen drone. */
  mark: string
  choose?: ((option: Option) => void) | undefined
  inUse?: string | null | undefined
}

function Able({ option, decision, mark, choose, inUse, longest_s, best_s }: OptionsProps & {
  option: Option; longest_s: number; best_s: number
}) {
  const chosen = option.drone_id === decision.drone_id
  const time = option.time!
  const promise_s = city.value?.promise_s ?? 180
  const slower_s = time.total_s - best_s
  return (
    <li class={`option${chosen ? ' is-chosen' : ''}`} data-testid={`decision-option-${option.drone_id}`}>
      <span class="option-head">
        <b>{option.drone_id}</b>
        {chosen && <span class="badge is-main">{mark}</span>}
        {option.from_state !== 'docked' && <span class="option-soft">{t('decision.from', { state: tWord('sortie', option.from_state) })}</span>}
        {option.preempts && <span class="badge is-amber">{t('decision.preempts', { id: option.preempts })}</span>}
        <span class={`option-time${time.total_s > promise_s ? ' is-late' : ''}`}>
          {!chosen && slower_s >= 0.5 && <small>{t('decision.slower', { t: mmss(slower_s) })}</small>}
          <b>{mmss(time.total_s)}</b>
        </span>
      </span>
      <TimeBar time={time} longest_s={longest_s} />
      <span class="option-soft option-foot">
        {[
          t('part.p90', { t: mmss(time.p90_s) }),
          option.distance_m !== null && metres(option.distance_m),
          option.spare_wh !== null && t('decision.spare', { wh: Math.round(option.spare_wh) }),
          option.loss > 0 && t('decision.loss', { share: (100 * option.loss).toFixed(1) }),
        ].filter(Boolean).join(' · ')}
        {choose && option.drone_id !== inUse && (
          <button class="link-button" type="button" data-testid={`send-${option.drone_id}`} onClick={() => choose(option)}>{t('incident.send_this')}</button>
        )}
      </span>
    </li>
  )
}

/** Out for the engine, but an operator may send it all the same. */
const BY_HAND: ReadonlySet<string> = new Set(['failed_before', 'busy', 'given_away'])

function Out({ option, choose }: { option: Option; choose?: ((option: Option) => void) | undefined }) {
  const { text, change } = reasonText(option.out!)
  return (
    <li class="option is-out" data-testid={`decision-option-${option.drone_id}`} data-reason={option.out!.code}>
      <span class="option-head"><b>{option.drone_id}</b><span>{text}</span></span>
      <span class="option-foot">
        {change && <span class="option-soft">{t('decision.change')} {change}</span>}
        {choose && BY_HAND.has(option.out!.code) && (
          <button class="link-button" type="button" data-testid={`send-${option.drone_id}`} onClick={() => choose(option)}>{t('incident.send_this')}</button>
        )}
      </span>
    </li>
  )
}

export function Options(props: OptionsProps) {
  const { decision, choose } = props
  const able = decision.options.filter((option) => !option.out && option.time)
  const out = decision.options.filter((option) => option.out)
  const promise_s = city.value?.promise_s ?? 180
  const longest_s = Math.max(promise_s * 1.1, ...able.map((option) => option.time!.total_s))
  const best_s = decision.options.find((o) => o.drone_id === decision.drone_id)?.time?.total_s ?? able[0]?.time?.total_s ?? 0
  return (
    <>
      {able.length > 0 && (
        <>
          <TimeLegend />
          <ol class="options">
            {able.map((option) => <Able key={option.drone_id} {...props} option={option} longest_s={longest_s} best_s={best_s} />)}
          </ol>
        </>
      )}
      {out.length > 0 && (
        <details class="outs" open={able.length === 0}>
          <summary>{t('decision.out', { n: out.length })}</summary>
          <ul class="options">{out.map((option) => <Out key={option.drone_id} option={option} choose={choose} />)}</ul>
        </details>
      )}
    </>
  )
}
