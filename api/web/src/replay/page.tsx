// The replay's page: a recorded run on the room's map, its incidents beside it, its time below.

import { useEffect, useRef, useState } from 'preact/hooks'
import { nowS } from '../clock'
import { localTime, percent, timeOfDay } from '../format'
import { named, t, takeIn } from '../i18n'
import { Logo } from '../panels/marks'
import { Queue } from '../panels/queue'
import { BarEnd, Figure, Weather } from '../panels/statusbar'
import { Zoom } from '../panels/toolbar'
import { city, drones } from '../state'
import type { City } from '../types'
import { choose, isForeign, open, pause } from './actions'
import { Detail } from './detail'
import { lastHour, soFar } from './figures'
import { listen } from './keyboard'
import { openReplayMap } from './map'
import { Player } from './player'
import { problem, rows, run, runs } from './state'
import type { Run, RunDetail } from './types'
import { words } from './words'
import '../style/replay.css'

takeIn(words)

const nameOf = (one: Run): string =>
  [t('replay.which', { layout: one.layout, policy: one.policy }), t('replay.seed', { seed: String(one.seed + one.replication) }), one.job_id ?? t('replay.given')].join(' · ')

function Picker() {
  const known = runs.value ?? []
  return (
    <select class="run-picker" aria-label={t('replay.runs')} data-testid="run-picker" value={run.value?.id ?? ''} onChange={(event) => void choose(event.currentTarget.value)}>
      {!run.value && <option value="" disabled>{t('replay.pick')}</option>}
      {known.map((one) => <option key={one.id} value={one.id}>{nameOf(one)}</option>)}
    </select>
  )
}

function Figures({ of }: { of: RunDetail }) {
  const now_s = nowS.value
  const mine = rows.value ?? []
  const hour = lastHour(mine, of.promise_s, now_s)
  const free = [...drones.value.values()].filter((drone) => drone.ready).length
  return (
    <>
      <Figure label={t('replay.clock')}>
        <span data-testid="run-clock">{localTime(now_s, of.time_zone).slice(0, 10)} {timeOfDay(now_s)}</span>
        {now_s < of.measured_from_at_s && <span class="badge is-amber">{t('replay.warm_up')}</span>}
      </Figure>
      <Weather />
      <Figure label={t('replay.free')} tone={free === 0 ? 'is-bad' : undefined}>
        <span data-testid="run-free">{free}</span><small> / {of.drones.length}</small>
      </Figure>
      <Figure label={t('replay.so_far')}><span data-testid="run-so-far">{soFar(of.course, mine, of.measured_from_at_s, now_s)}</span></Figure>
      <Figure label={t('replay.hour', { s: of.promise_s })}>
        {hour.of > 0 ? <>{percent(hour.within / hour.of)}<small> / {hour.of}</small></> : '–'}
      </Figure>
    </>
  )
}

function MapView({ of, here }: { of: RunDetail; here: City }) {
  const box = useRef<HTMLDivElement>(null)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    try {
      return openReplayMap(box.current!, here)
    } catch (error) {
      console.error(error)
      setFailed(true)
      return undefined
    }
  }, [])
  return (
    <main class="map-area">
      <div ref={box} class="map" data-testid="map" />
      {failed && <p class="map-failed">{t('app.no_webgl')}</p>}
      <div class="map-tools"><Zoom /></div>
      {isForeign(of) && <p class="map-note">{t('replay.other_city', { city: of.city })}</p>}
    </main>
  )
}

export function ReplayPage() {
  useEffect(() => {
    void open()
    const deaf = listen()
    return () => {
      pause()
      deaf()
    }
  }, [])
  const told = run.value
  const here = city.value!
  return (
    <div class="room replay">
      <header class="bar">
        <div class="bar-name"><Logo /><strong>{named(here)}</strong><span>{t('replay.title')}</span></div>
        {told && <Figures of={told} />}
        <div class="bar-end">
          <a class="button is-quiet" href="/">{t('replay.room')}</a>
          <BarEnd />
        </div>
      </header>
      <Queue />
      {told ? <MapView key={told.id} of={told} here={here} /> : (
        <main class="map-area"><p class="map-failed">{runs.value?.length === 0 ? t('replay.none') : runs.value ? t('replay.pick') : t('replay.loading')}</p></main>
      )}
      <aside class="side">
        <div class="run-head"><Picker />{problem.value && <p class="problem" role="alert" data-testid="run-problem">{problem.value}</p>}</div>
        <div class="side-body"><Detail /></div>
      </aside>
      {told && <Player of={told} />}
    </div>
  )
}
