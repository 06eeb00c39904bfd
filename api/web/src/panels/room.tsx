// The room: queue on the left, map in the middle, the task or the fleet on the right.

import { useEffect, useRef, useState } from 'preact/hooks'
import { lost } from '../clock'
import { told } from '../drill/drills'
import { Drills } from '../drill/panel'
import { t } from '../i18n'
import { openMap } from '../map/map'
import { city, draft, incidents, may, panel, PANELS, patrol, selected } from '../state'
import { Fleet } from './fleet'
import { IncidentDetail } from './incident'
import { PatrolForm } from './patrol'
import { Queue } from './queue'
import { ReportForm } from './report'
import { LostBanner, StatusBar } from './statusbar'
import { Legend, Toolbar } from './toolbar'

function MapView() {
  const box = useRef<HTMLDivElement>(null)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    try {
      return openMap(box.current!, city.peek()!)
    } catch (error) {
      console.error(error)
      setFailed(true)
      return undefined
    }
  }, [])
  const { pmtiles, raster } = city.value!.basemap
  return (
    <main class={`map-area${pmtiles || raster ? ' has-base-map' : ''}${lost.value ? ' is-stale' : ''}${patrol.value ? ' is-drawing' : ''}`}>
      <div ref={box} class="map" data-testid="map" />
      {failed && <p class="map-failed">{t('app.no_webgl')}</p>}
      <Toolbar />
      <LostBanner />
    </main>
  )
}

function Task() {
  if (draft.value) return <ReportForm />
  if (patrol.value) return <PatrolForm />
  if (selected.value && incidents.value.has(selected.value)) return <IncidentDetail key={selected.value} />
  return (
    <div class="scroll">
      <div class="empty">
        <b>{t('hint.title')}</b>
        <p>{t(may('operator') ? 'hint.operator' : 'hint.viewer')}</p>
      </div>
      <Legend />
    </div>
  )
}

const TABS = { task: 'fleet.task', fleet: 'fleet.title', drill: 'drill.title' } as const

function Body() {
  switch (panel.value) {
    case 'task': return <Task />
    case 'fleet': return <Fleet />
    case 'drill': return <Drills />
  }
}

function Side() {
  return (
    <aside class="side">
      <div class="tabs" role="tablist">
        {PANELS.map((name) => (
          <button type="button" role="tab" aria-selected={panel.value === name} data-testid={`tab-${name}`} onClick={() => { panel.value = name }}>
            {t(TABS[name])}
            {name === 'drill' && told.value.length > 0 && <span class="count">{told.value.length}</span>}
          </button>
        ))}
      </div>
      <div class="side-body" role="tabpanel"><Body /></div>
    </aside>
  )
}

export function Room() {
  return (
    <div class="room">
      <StatusBar />
      <Queue />
      <MapView />
      <Side />
    </div>
  )
}
