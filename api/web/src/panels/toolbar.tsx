// On the map: zoom, layers, patrol, legend.

import { startPatrol } from '../actions'
import { t } from '../i18n'
import { reachAsking } from '../map/reach'
import { showWhole, zoomBy } from '../map/open'
import { city, may, patrol, reachMode, showCandidates, showZones, type ReachMode } from '../state'
import { DroneMark, PriorityMark } from './marks'

const REACH: ReachMode[] = ['off', 'now', 'all']

function Layers() {
  const s = city.value?.promise_s ?? 180
  const reach = { off: t('layer.reach_off'), now: t('layer.reach_now', { s }), all: t('layer.reach_all', { s }) }
  return (
    <div class="layers" role="group" aria-label={t('layer.title')}>
      <span class={reachAsking.value ? 'is-asking' : ''}>{t('layer.reach')}</span>
      <div class="segments is-small" role="group" aria-label={t('layer.reach')}>
        {REACH.map((mode) => (
          <button type="button" aria-pressed={reachMode.value === mode} data-testid={`reach-${mode}`} onClick={() => { reachMode.value = mode }}>{reach[mode]}</button>
        ))}
      </div>
      <label><input type="checkbox" checked={showZones.value === 'yes'} onChange={(e) => { showZones.value = e.currentTarget.checked ? 'yes' : 'no' }} />{t('layer.zones')}</label>
      <label><input type="checkbox" checked={showCandidates.value === 'yes'} data-testid="candidates" onChange={(e) => { showCandidates.value = e.currentTarget.checked ? 'yes' : 'no' }} />{t('layer.candidates')}</label>
    </div>
  )
}

export function Zoom() {
  const here = city.value
  return (
    <>
      <button class="button is-icon" type="button" title={t('map.zoom_in')} aria-label={t('map.zoom_in')} onClick={() => zoomBy(1)}>+</button>
      <button class="button is-icon" type="button" title={t('map.zoom_out')} aria-label={t('map.zoom_out')} onClick={() => zoomBy(-1)}>−</button>
      <button class="button is-icon" type="button" title={t('map.whole')} aria-label={t('map.whole')} onClick={() => here && showWhole(here)}>
        <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><path class="tool-line" d="M3 7V3H7M13 3H17V7M17 13V17H13M7 17H3V13" /></svg>
      </button>
    </>
  )
}

export function Toolbar() {
  const here = city.value
  return (
    <>
      <div class="map-tools">
        <Zoom />
        {may('operator') && (
          <button class="button is-icon" type="button" title={`${t('patrol.draw')} (P)`} aria-label={t('patrol.draw')} aria-pressed={patrol.value !== null} data-testid="patrol-start" onClick={startPatrol}>
            <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><path class="tool-line" d="M4 15L8 6L13 12L17 4" /><circle class="tool-dot" cx="4" cy="15" r="2" /><circle class="tool-dot" cx="8" cy="6" r="2" /><circle class="tool-dot" cx="13" cy="12" r="2" /><circle class="tool-dot" cx="17" cy="4" r="2" /></svg>
          </button>
        )}
      </div>
      <Layers />
      {here?.demo && <p class="map-note">{t('app.demo_note')}</p>}
    </>
  )
}

export function Legend() {
  return (
    <section class="legend" aria-label={t('legend.title')}>
      <h3>{t('legend.title')}</h3>
      <ul>
        {[1, 2, 3, 4, 5].map((n) => <li><PriorityMark priority={n} size={22} />{t('legend.priority', { n })}</li>)}
        <li><PriorityMark priority={1} size={22} status="open" />{t('legend.open')}</li>
        <li><DroneMark role="out" heading_deg={45} />{t('legend.outbound')}</li>
        <li><DroneMark role="scene" />{t('legend.on_scene')}</li>
        <li><DroneMark role="home" heading_deg={225} />{t('legend.homebound')}</li>
        <li><DroneMark role="held" />{t('legend.held')}</li>
        <li><DroneMark role="lost" />{t('legend.lost')}</li>
        <li><span class="swatch is-base">2/3</span>{t('legend.base')}</li>
        <li><span class="swatch is-zone" />{t('legend.zone')}</li>
        <li><span class="swatch is-zone-inside" />{t('legend.zone_inside')}</li>
        <li><span class="swatch is-zone-idle" />{t('legend.zone_idle')}</li>
        <li><span class="swatch is-reach" />{t('legend.reach')}</li>
      </ul>
    </section>
  )
}
