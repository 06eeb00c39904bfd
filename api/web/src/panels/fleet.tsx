// The fleet: what needs attention, what flies, what stands at its base.

import { hold, recall, redirect, restore, resume, select, selectDrone, withdraw } from '../actions'
import { nowS } from '../clock'
import { mmss, percent } from '../format'
import { named, t, type Key } from '../i18n'
import { showPosition } from '../map/open'
import { activeSortie, city, drones, may, readyCount, selectedDrone, sorties } from '../state'
import type { Drone } from '../types'
import { DroneMark, roleOf } from './marks'
import { stateWord } from './words'

const LOW_SHARE = 0.3

function Battery({ share }: { share: number }) {
  const known = Number.isFinite(share)
  return (
    <span class={`battery${share < LOW_SHARE ? ' is-low' : ''}`} title={t('fleet.battery')}>
      <span class="battery-case"><i style={{ width: percent(known ? Math.min(1, share) : 0) }} /></span>
      <span>{known ? percent(share) : '–'}</span>
    </span>
  )
}

function Acts({ drone }: { drone: Drone }) {
  if (!may('operator')) return null
  const sortie = activeSortie(drone.sortie_id)
  const homeward = sortie && ['released', 'returning', 'landing'].includes(sortie.state)
  return (
    <div class="drone-acts">
      {sortie && !homeward && <button class="button" type="button" data-testid="drone-recall" onClick={() => recall(sortie)}>{t('fleet.recall')}</button>}
      {sortie && (sortie.held
        ? <button class="button" type="button" data-testid="drone-resume" onClick={() => resume(sortie)}>{t('fleet.resume')}</button>
        : <button class="button" type="button" data-testid="drone-hold" onClick={() => hold(sortie)}>{t('fleet.hold')}</button>)}
      {sortie && <button class="button" type="button" onClick={() => redirect(sortie)}>{t('incident.redirect')}</button>}
      {drone.activity === 'withdrawn'
        ? <button class="button" type="button" data-testid="drone-restore" onClick={() => restore(drone.id)}>{t('fleet.restore')}</button>
        : <button class="button" type="button" data-testid="drone-withdraw" onClick={() => withdraw(drone.id)}>{t('fleet.withdraw')}</button>}
    </div>
  )
}

function More({ drone }: { drone: Drone }) {
  const incident_id = activeSortie(drone.sortie_id)?.incident_id
  const base = city.value?.bases.find((b) => b.id === drone.base_id)
  return (
    <div class="drone-more">
      <dl class="facts">
        <dt>{t('fleet.airframe')}</dt><dd>{drone.airframe}</dd>
        <dt>{t('fleet.base')}</dt><dd>{base ? named(base) : drone.base_id}</dd>
        <dt>{t('fleet.mode')}</dt><dd>{drone.mode}</dd>
        {drone.in_air && <><dt>{t('fleet.height')}</dt><dd>{Math.round(drone.height_m)} m</dd></>}
        {drone.in_air && <><dt>{t('fleet.speed')}</dt><dd>{drone.ground_speed_mps.toFixed(1)} m/s</dd></>}
        <dt>{t('fleet.seen')}</dt>
        <dd>{drone.seen_at_s ? t('fleet.seen_ago', { t: mmss(nowS.value - drone.seen_at_s) }) : t('fleet.never')}</dd>
        {incident_id && (
          <><dt>{t('fleet.for_incident')}</dt><dd><button class="link-button" type="button" onClick={() => select(incident_id)}>{incident_id}</button></dd></>
        )}
      </dl>
      {drone.position && <button class="link-button" type="button" onClick={() => showPosition(drone.position!)}>{t('incident.show')}</button>}
      <Acts drone={drone} />
    </div>
  )
}

function Row({ drone }: { drone: Drone }) {
  const chosen = selectedDrone.value === drone.id
  const sortie = drone.sortie_id ? sorties.value.get(drone.sortie_id) : undefined
  const role = roleOf(drone, sortie)
  const base = city.value?.bases.find((b) => b.id === drone.base_id)
  return (
    <li class={`drone-row${chosen ? ' is-selected' : ''}`} data-testid={`drone-${drone.id}`} data-activity={drone.activity}>
      <button type="button" class="drone-head" aria-expanded={chosen} onClick={() => selectDrone(chosen ? null : drone.id)}>
        <DroneMark role={role} size={22} />
        <span class="drone-name"><b>{drone.id}</b><small>{base ? named(base) : drone.base_id}</small></span>
        <span class="drone-state">{stateWord(drone)}{!drone.ready && drone.not_ready_because && drone.activity !== 'sortie' && <small>{drone.not_ready_because}</small>}</span>
        <Battery share={drone.battery_share} />
      </button>
      {chosen && <More drone={drone} />}
    </li>
  )
}

function group(drone: Drone): Key {
  if (drone.activity === 'lost' || drone.activity === 'offline' || (!drone.healthy && drone.activity !== 'withdrawn')) return 'fleet.attention'
  return drone.activity === 'sortie' || drone.in_air ? 'fleet.in_air' : 'fleet.on_ground'
}

const GROUPS: Key[] = ['fleet.attention', 'fleet.in_air', 'fleet.on_ground']

export function Fleet() {
  const all = [...drones.value.values()].sort((a, b) => a.id.localeCompare(b.id, undefined, { numeric: true }))
  return (
    <section class="fleet" aria-label={t('fleet.title')}>
      <div class="panel-head"><h2>{t('fleet.title')}</h2><span class="soft">{t('fleet.count', { ready: readyCount.value, all: all.length })}</span></div>
      <div class="scroll">
        {GROUPS.map((key) => {
          const rows = all.filter((drone) => group(drone) === key)
          return rows.length > 0 && (
            <>
              <h3 class={`group${key === 'fleet.attention' ? ' is-bad' : ''}`}>{t(key)} <span class="count">{rows.length}</span></h3>
              <ul>{rows.map((drone) => <Row key={drone.id} drone={drone} />)}</ul>
            </>
          )
        })}
      </div>
    </section>
  )
}
