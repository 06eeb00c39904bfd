// The planner's page: what is asked on the left, the map in the middle, plans and layouts on the right.

import { useEffect, useRef, useState } from 'preact/hooks'
import { named, t, takeIn } from '../i18n'
import { showWhole, zoomBy } from '../map/open'
import { Logo } from '../panels/marks'
import { BarEnd } from '../panels/statusbar'
import { city, may } from '../state'
import { watchJobs } from '../jobs/jobs'
import { words as jobWords } from '../jobs/words'
import { ended, loadZones } from './actions'
import { PlanForm } from './form'
import { JobList } from './jobs'
import { Layouts } from './layouts'
import { openPlannerMap } from './map'
import { OutcomeOf } from './outcome'
import { loadPolicies } from './simulation'
import { SimulationForm } from './simulation_form'
import { words as simulationWords } from './simulation_words'
import { asks, drawing, shown, SIDES } from './state'
import { words } from './words'
import '../style/jobs.css'
import '../style/planner.css'

for (const some of [words, simulationWords, jobWords]) takeIn(some)

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

function Ask() {
  if (!may('planner')) return <p class="empty">{t('plan.read_only')}</p>
  return (
    <>
      <div class="tabs" role="tablist">
        {(['plan', 'simulation'] as const).map((name) => (
          <button type="button" role="tab" aria-selected={asks.value === name} data-testid={`ask-${name}`} onClick={() => { asks.value = name }}>
            {t(name === 'plan' ? 'plan.tab' : 'sim.tab')}
          </button>
        ))}
      </div>
      <div class="ask" role="tabpanel">{asks.value === 'plan' ? <PlanForm /> : <SimulationForm />}</div>
    </>
  )
}

export function PlannerPage() {
  useEffect(() => {
    void loadZones()
    void loadPolicies()
    return watchJobs(ended)
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
      <aside class="queue"><Ask /></aside>
      <MapView />
      <aside class="side"><div class="scroll pad"><JobList /><OutcomeOf /><Layouts /></div></aside>
    </div>
  )
}
