// The keys of the replay. Nothing happens while a dialog is open or text is written.

import { select } from '../actions'
import { question } from '../ask'
import { switchLanguage } from '../i18n'
import { composing, toggleTheme } from '../keyboard'
import { session } from '../state'
import { faster, seekBy, toggle, toNextLate } from './actions'

const STEP_S = 10
const STRIDE_S = 600

const keys: Record<string, (event: KeyboardEvent) => void> = {
  ' ': (event) => { if (!event.repeat) toggle() },
  ArrowLeft: (event) => seekBy(event.shiftKey ? -STRIDE_S : -STEP_S),
  ArrowRight: (event) => seekBy(event.shiftKey ? STRIDE_S : STEP_S),
  ArrowUp: () => faster(1),
  ArrowDown: () => faster(-1),
  Escape: () => select(null),
  n: () => void toNextLate(),
  l: switchLanguage,
  t: toggleTheme,
}

/** What has keys of its own: text, lists, the map. The slider has the replay's, and buttons keep Enter. */
const own = (target: EventTarget | null, key: string): boolean =>
  target instanceof HTMLElement && (
    target.matches('input:not([type=range]), textarea, select')
    || (key.startsWith('Arrow') && target.matches('.maplibregl-canvas')))

function onKey(event: KeyboardEvent): void {
  if (!session.peek() || question.peek() || event.defaultPrevented || composing(event)) return
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const act = keys[key]
  if (!act || own(event.target, key)) return
  act(event)
  event.preventDefault()
}

/** Firefox clicks a button when the space bar is let go, whatever became of its being pressed. */
const onKeyUp = (event: KeyboardEvent): void => {
  if (event.key === ' ' && !own(event.target, ' ')) event.preventDefault()
}

export function listen(): () => void {
  document.addEventListener('keydown', onKey)
  document.addEventListener('keyup', onKeyUp)
  return () => {
    document.removeEventListener('keydown', onKey)
    document.removeEventListener('keyup', onKeyUp)
  }
}
