// Time: play, speed, the slider over the run's course, jumps.

import { localTime, mmss } from '../format'
import { t } from '../i18n'
import { pause, seek, seekBy, toggle, toNextLate } from './actions'
import { barsOf } from './figures'
import { atS, playing, rate, RATES, waits } from './state'
import type { RunDetail } from './types'

const MOST_BARS = 240

function Course({ of }: { of: RunDetail }) {
  const bars = barsOf(of.course, MOST_BARS)
  const most = Math.max(1, ...bars.map(({ incidents }) => incidents))
  const box = (k: number, count: number): string => `M${k} 1V${1 - count / most}H${k + 0.9}V1Z`
  const warm = (of.measured_from_at_s - of.from_at_s) / (of.until_at_s - of.from_at_s)
  return (
    <svg class="course" viewBox={`0 0 ${bars.length} 1`} preserveAspectRatio="none" role="img" aria-label={t('replay.course')}>
      <title>{t('replay.course')}</title>
      <path class="course-all" d={bars.map(({ incidents }, k) => box(k, incidents)).join('')} />
      <path class="course-late" d={bars.map(({ late }, k) => box(k, late)).join('')} />
      {warm > 0 && <rect class="course-warm" width={warm * bars.length} height="1" />}
    </svg>
  )
}

/** Local time of the run, as an input of the browser writes it. */
function Jump({ of }: { of: RunDetail }) {
  const jump = (text: string): void => {
    const asked = Date.parse(`${text}Z`) / 1000
    if (Number.isNaN(asked)) return
    pause()
    const guess = asked - (Date.parse(`${localTime(asked, of.time_zone)}Z`) / 1000 - asked) // an hour of the zone's, as UTC
    seek(guess)
  }
  return (
    <label class="jump">
      <span>{t('replay.jump')}</span>
      <input
        type="datetime-local" step={1} data-testid="jump" min={localTime(of.from_at_s, of.time_zone)} max={localTime(of.until_at_s, of.time_zone)}
        value={localTime(atS.value, of.time_zone)} onChange={(event) => jump(event.currentTarget.value)}
      />
    </label>
  )
}

export function Player({ of }: { of: RunDetail }) {
  const word = t(playing.value ? 'replay.pause' : 'replay.play')
  return (
    <section class="player" aria-label={t('replay.slider')} aria-busy={waits.value}>
      <div class="player-acts">
        <button class="button is-icon" type="button" title={t('replay.back')} aria-label={t('replay.back')} onClick={() => seekBy(-10)}>«</button>
        <button class="button is-main is-icon" type="button" title={word} aria-label={word} aria-pressed={playing.value} data-testid="play" onClick={toggle}>
          {playing.value ? '❚❚' : '▶'}
        </button>
        <button class="button is-icon" type="button" title={t('replay.on')} aria-label={t('replay.on')} onClick={() => seekBy(10)}>»</button>
        <div class="segments is-small" role="group" aria-label={t('replay.rate')} title={t('replay.rate')}>
          {RATES.map((one) => (
            <button type="button" aria-pressed={rate.value === one} data-testid={`rate-${one}`} onClick={() => { rate.value = one }}>{one}×</button>
          ))}
        </div>
        <button class="button" type="button" title={t('replay.late_key')} data-testid="next-late" onClick={() => void toNextLate()}>▲ {t('replay.late')}</button>
        <Jump of={of} />
        {waits.value && <span class="soft" role="status">{t('replay.loading')}</span>}
        <span class="grow" />
        <span class="soft">{mmss(of.until_at_s - atS.value)}</span>
      </div>
      <div class="player-time">
        <Course of={of} />
        <input
          type="range" data-testid="slider" aria-label={t('replay.slider')} aria-valuetext={localTime(atS.value, of.time_zone).replace('T', ' ')}
          min={of.from_at_s} max={of.until_at_s} step={1} value={atS.value} onInput={(event) => seek(Number(event.currentTarget.value))}
        />
      </div>
    </section>
  )
}
