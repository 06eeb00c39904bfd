// The keys of the room. Nothing happens while a dialog is open, text is written, or an input method composes.

import { signal } from '@preact/signals'
import {
  changeDraft, dispatchDraft, draftTypes, select, selectDrone, sendPatrol, startDraft, startPatrol, stepSelection,
  undoPatrolPoint,
} from './actions'
import { switchLanguage } from './i18n'
import { mapCentre } from './map/open'
import { draft, panel, patrol, reachMode, selected, selectedDrone, session, theme } from './state'
import { question } from './ask'

export const helpOpen = signal(false)

export const nextReach = { off: 'now', now: 'all', all: 'off' } as const

export const toggleTheme = () => { theme.value = theme.value === 'dark' ? 'light' : 'dark' }
const togglePanel = (name: 'fleet' | 'drill') => { panel.value = panel.value === name ? 'task' : name }

const plain: Record<string, () => void> = {
  l: switchLanguage,
  t: toggleTheme,
  f: () => togglePanel('fleet'),
  d: () => togglePanel('drill'),
  r: () => { reachMode.value = nextReach[reachMode.value] },
  j: () => stepSelection(1),
  k: () => stepSelection(-1),
  n: () => { const centre = mapCentre(); if (centre) startDraft(centre) },
  p: startPatrol,
  '?': () => { helpOpen.value = true },
}

const writes = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select')

/** Enter already means something on these. */
const answersEnter = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('button, a, summary') && !target.matches('[data-enter=dispatch]')

export const composing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229

function escape(): void {
  if (draft.value) draft.value = null
  else if (patrol.value) patrol.value = null
  else if (selected.value) select(null)
  else if (selectedDrone.value) selectDrone(null)
}

function onKey(event: KeyboardEvent): void {
  if (!session.peek() || question.peek() || helpOpen.peek()) return
  if (event.defaultPrevented || composing(event) || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === 'Escape') {
    if (writes(event.target)) (event.target as HTMLElement).blur()
    else escape()
    return
  }
  if (writes(event.target)) return
  if (event.key === 'Enter' && !answersEnter(event.target) && !event.repeat) {
    if (draft.value) void dispatchDraft()
    else if (patrol.value) void sendPatrol()
    else return
    event.preventDefault()
    return
  }
  if (event.key === 'Backspace' && patrol.value) return undoPatrolPoint()
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)
  if (digit && draft.value) {
    const n = Number(digit[1])
    if (event.shiftKey) {
      if (n <= 5) changeDraft({ priority: n })
    } else {
      const type = draftTypes()[n - 1]
      if (type) changeDraft({ type: type.code, priority: null })
    }
    event.preventDefault()
    return
  }
  const act = plain[event.key.length === 1 ? event.key.toLowerCase() : '']
  if (act && !event.repeat) {
    act()
    event.preventDefault()
  }
}

export const listenToKeys = () => document.addEventListener('keydown', onKey)
