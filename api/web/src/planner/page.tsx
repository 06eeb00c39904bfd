// The planner's page: what is asked on the left, the map in the middle, plans and layouts on the right.

import { useEffect, useRef, useState } from 'preact/hooks'
import { named, t, takeIn } from '../i18n'
import { showWhole, zoomBy } from '../map/open'
import { Logo } from '../panels/marks'
import { BarEnd } from '../panels/statusbar'
import { city, may } from '../state'
import { loadZones, look, stopLooking } from './actions'
import { PlanForm } from './form'
import { JobList } from './jobs'
import { Layouts } from './layouts'
import { openPlannerMap } from './map'
import { drawing, shown, SIDES } from './state'
import { words } from './words'
import '../style/planner.css'

takeIn(words)

function MapView() {
  const box = useRef<HTMLDivElement>(null)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    try {
      return openPlannerMap(box.current!, city.peek()!)
    } catch (error) {
      console.error(error)
      setFailed(true)
      return undefined
    }
  }, [])
  return (
    <main class={`map-area${drawing.value ? ' is-drawing' : ''}`}>
      <div ref={box} class="map" data-testid="map" />
      {failed && <p class="map-failed">{t('app.no_webgl')}</p>}
      <div class="map-tools">
        <button class="button is-icon" type="button" title={t('map.zoom_in')} aria-label={t('map.zoom_in')} onClick={() => zoomBy(1)}>+</button>
        <button class="button is-icon" type="button" title={t('map.zoom_out')} aria-label={t('map.zoom_out')} onClick={() => zoomBy(-1)}>−</button>
        <button class="button is-icon" type="button" title={t('map.whole')} aria-label={t('map.whole')} onClick={() => showWhole(city.value!)}>⤢</button>
      </div>
      <ul class="plan-legend">
        {SIDES.filter((side) => shown.value[side]).map((side) => (
          <>
            <li><i class={`sign is-${side}`} aria-hidden="true" />{t(`legend.layout_${side}`)}</li>
            <li><i class={`cover is-${side}`} aria-hidden="true" />{t(`legend.cover_${side}`)}</li>
          </>
        ))}
      </ul>
      {city.value?.demo && <p class="map-note">{t('app.demo_note')}</p>}
    </main>
  )
}

export function PlannerPage() {
  useEffect(() => {
    void loadZones()
    void look()
    return stopLooking
  }, [])
  return (
    <div class="room planner">
      <header class="bar">
        <div class="bar-name">
          <Logo />
          <strong>{named(city.value!)}</strong>
          <span>{t('plan.title')}</span>
        </div>
        <div class="bar-end">
          <a class="button is-quiet" href="/" data-testid="to-room">{t('plan.room')}</a>
          <BarEnd />
        </div>
      </header>
      <aside class="queue">{may('planner') ? <PlanForm /> : <p class="empty">{t('plan.read_only')}</p>}</aside>
      <MapView />
      <aside class="side"><div class="scroll pad"><JobList /><Layouts /></div></aside>
    </div>
  )
}
