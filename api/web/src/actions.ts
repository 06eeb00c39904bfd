// What an operator can do, each a function: ask where it cannot be undone, send, show what the server said.

import { effect } from '@preact/signals'
import { actKey, api, Problem } from './api'
import { ask } from './ask'
import { problemText, t, tWord, typeNamed, reasonText, type Key } from './i18n'
import {
  city, decisions, draft, incidents, isActive, may, panel, patrol, queue, selected, selectedDrone, session,
  setIncident, typeOf, type Draft,
} from './state'
import { toast } from './toasts'
import type { Incident, Option, Position, Report, Sortie } from './types'

export function explain(error: unknown): string {
  if (!(error instanceof Problem)) return String(error)
  if (error.status === 0) return t('error.unreachable')
  const words = problemText(error.code, error.detail || error.title)
  if (error.status === 403) return words ? `${t('error.forbidden')} ${words}` : t('error.forbidden')
  return words || t('error.refused', { status: error.status })
}

function failed(error: unknown): void {
  if (error instanceof Problem && error.status === 401) sessionEnded()
  else toast('error', explain(error))
}

export async function order(what: Key, whom: string, send: () => Promise<unknown>): Promise<void> {
  try {
    await send()
    toast('info', t('done.sent', { what: t(what), whom }))
  } catch (error) {
    failed(error)
  }
}

// ---- coming and going ----------------------------------------------------------------------------------------
/** Null when it went well, else what to tell. */
export async function logIn(username: string, password: string): Promise<string | null> {
  try {
    session.value = (await api.login(username, password)) ?? (await api.session())
    return null
  } catch (error) {
    return error instanceof Problem && error.status === 401 ? t('login.failed') : explain(error)
  }
}

export function sessionEnded(): void {
  if (session.value) toast('warn', t('login.ended'))
  session.value = null
}

export async function logOut(): Promise<void> {
  try {
    await api.logout()
    session.value = null
  } catch (error) {
    failed(error) // still signed in: say so
  }
}

// ---- looking -------------------------------------------------------------------------------------------------
export function select(incident_id: string | null): void {
  selected.value = incident_id
  if (incident_id) {
    draft.value = null
    patrol.value = null
    panel.value = 'task'
  }
}

export function selectDrone(drone_id: string | null): void {
  selectedDrone.value = drone_id
  if (drone_id) panel.value = 'fleet'
}

/** Of the incident that is looked at, the decisions taken for it. */
export const keepDecisions = (): (() => void) => effect(() => {
  if (selected.value) void loadDecisions(selected.value)
})

async function loadDecisions(incident_id: string): Promise<void> {
  try {
    const rows = await api.decisions(incident_id)
    const known = decisions.peek().get(incident_id) ?? []
    const ids = new Set(rows.map((row) => row.id))
    const all = [...rows, ...known.filter((row) => !ids.has(row.id))].sort((a, b) => a.at_s - b.at_s)
    decisions.value = new Map(decisions.peek()).set(incident_id, all)
  } catch (error) {
    failed(error)
  }
}

export function stepSelection(by: 1 | -1): void {
  const ids = queue.value.map((incident) => incident.id)
  if (ids.length === 0) return
  const at = ids.indexOf(selected.value ?? '')
  select(ids[at === -1 ? (by === 1 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length]!)
}

// ---- reporting -----------------------------------------------------------------------------------------------
export function startDraft(position: Position, moved: Draft['moved'] = null): void {
  if (!may('operator')) return
  const before = draft.value
  selected.value = null
  patrol.value = null
  panel.value = 'task'
  draft.value = before
    ? { ...before, position, moved, key: actKey() }
    : { position, moved, type: null, priority: null, watch_s: null, note: '', key: actKey() }
}

export function changeDraft(change: Partial<Draft>): void {
  if (draft.value) draft.value = { ...draft.value, ...change, key: actKey() }
}

export function draftTypes() {
  return (city.value?.types ?? []).filter((type) => type.code !== 'patrol')
}

export function reportOf(now: Draft): Report | null {
  if (!now.type) return null
  return {
    ...now.position,
    datum: 'WGS-84',
    type: now.type,
    ...(now.priority !== null && { priority: now.priority }),
    ...(now.watch_s !== null && { watch_s: now.watch_s }),
    ...(now.note.trim() && { note: now.note.trim() }),
  }
}

let sending = false

/** Sends what is drawn once, however often the key is pressed. */
async function once<T extends Incident>(send: () => Promise<T>, done: Key): Promise<T | null> {
  if (sending) return null
  sending = true
  try {
    const incident = await send()
    setIncident(incident)
    toast('info', t(done, { id: incident.id }))
    return incident
  } catch (error) {
    failed(error)
    return null
  } finally {
    sending = false
  }
}

export async function dispatchDraft(): Promise<void> {
  const now = draft.value
  const report = now && reportOf(now)
  if (!now || !report) return
  const incident = await once(() => api.report(report, now.key), 'done.reported')
  if (incident) select(incident.id)
}

export function startPatrol(): void {
  if (!may('operator')) return
  draft.value = null
  selected.value = null
  panel.value = 'task'
  patrol.value = { points: [], hold_s: 60, key: actKey() }
}

export function addPatrolPoint(position: Position): void {
  if (patrol.value) patrol.value = { ...patrol.value, points: [...patrol.value.points, position], key: actKey() }
}

export function undoPatrolPoint(): void {
  if (patrol.value) patrol.value = { ...patrol.value, points: patrol.value.points.slice(0, -1), key: actKey() }
}

export async function sendPatrol(): Promise<void> {
  const now = patrol.value
  if (!now) return
  if (now.points.length < 2) return toast('warn', t('patrol.too_few'))
  const incident = await once(() => api.patrol(now.points, now.hold_s, now.key), 'done.patrol')
  if (incident) select(incident.id)
}

// ---- ordering ------------------------------------------------------------------------------------------------
export async function release(incident: Incident): Promise<void> {
  const title = t('ask.release', { drone: incident.drone_id ?? '' })
  const sure = await ask({ title, body: t('ask.release_body'), yes: t('ask.release_yes') })
  if (sure !== null) await order('incident.release', incident.drone_id ?? incident.id, () => api.release(incident.id))
}

export async function cancel(incident: Incident): Promise<void> {
  const sure = await ask({
    title: t('ask.cancel'), body: t('ask.cancel_body'), yes: t('ask.cancel_yes'), danger: true,
  })
  if (sure !== null) await order('incident.cancel', incident.id, () => api.cancel(incident.id))
}

export async function override(incident: Incident, option: Option): Promise<void> {
  const chosen = incident.drone_id
  const sure = await ask({
    title: t('ask.override', { drone: option.drone_id }),
    body: chosen ? t('ask.override_body', { chosen }) : t('ask.override_body_plain'),
    ...(option.out && { warning: t('ask.override_out', { why: reasonText(option.out).text }), danger: true }),
    yes: t('ask.override_yes', { drone: option.drone_id }),
  })
  if (sure !== null) await order('report.dispatch', option.drone_id, () => api.dispatch(incident.id, option.drone_id))
}

export async function recall(sortie: Sortie): Promise<void> {
  const sure = await ask({
    title: t('ask.recall', { drone: sortie.drone_id }),
    body: t(sortie.incident_id ? 'ask.recall_body' : 'ask.recall_body_free'),
    yes: t('ask.recall_yes'),
    danger: true,
  })
  if (sure !== null) await order('fleet.recall', sortie.drone_id, () => api.recall(sortie.id))
}

export const hold = (sortie: Sortie) => order('fleet.hold', sortie.drone_id, () => api.hold(sortie.id))
export const resume = (sortie: Sortie) => order('fleet.resume', sortie.drone_id, () => api.resume(sortie.id))

export async function redirect(sortie: Sortie): Promise<void> {
  const choices = [...incidents.value.values()]
    .filter((incident) => isActive(incident) && incident.id !== sortie.incident_id)
    .sort((a, b) => Number(a.status !== 'open') - Number(b.status !== 'open') || a.priority - b.priority)
    .map((incident) => ({
      value: incident.id,
      label: [
        `P${incident.priority}`, typeNamed(typeOf(incident.type), incident.type), incident.id,
        tWord('status', incident.status), incident.status === 'open' ? '' : incident.drone_id,
      ].filter(Boolean).join(' · '),
    }))
  if (choices.length === 0) return toast('warn', t('ask.redirect_none'))
  const goal = await ask({
    title: t('ask.redirect', { drone: sortie.drone_id }),
    ...(sortie.incident_id && { body: t('ask.redirect_body') }),
    choices,
    yes: t('ask.redirect_yes'),
  })
  if (goal !== null) await order('ask.redirect_yes', `${sortie.drone_id} → ${goal}`, () => api.redirect(sortie.id, goal))
}

export async function withdraw(drone_id: string): Promise<void> {
  const why = await ask({
    title: t('ask.withdraw', { drone: drone_id }),
    body: t('ask.withdraw_body'),
    words: t('ask.withdraw_why'),
    yes: t('ask.withdraw_yes'),
  })
  if (why !== null) await order('fleet.withdraw', drone_id, () => api.withdraw(drone_id, why))
}

export const restore = (drone_id: string) => order('fleet.restore', drone_id, () => api.restore(drone_id))
