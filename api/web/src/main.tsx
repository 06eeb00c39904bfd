// Start: who is there? Then the city, the stream and the room.

import { effect, signal } from '@preact/signals'
import { render, type ComponentType } from 'preact'
import { explain, keepDecisions, sessionEnded } from './actions'
import { api, Problem } from './api'
import { stopListening } from './clock'
import { t } from './i18n'
import { listenToKeys } from './keyboard'
import { Dialogs } from './panels/dialog'
import { Login } from './panels/login'
import { Room } from './panels/room'
import { Toasts } from './panels/toasts'
import { keepPreview } from './preview'
import { city, draft, patrol, selected, session, theme } from './state'
import { closeStream, openStream } from './stream'
import { toast } from './toasts'
import './style/theme.css'
import './style/base.css'
import './style/room.css'
import './style/panels.css'
import './style/map.css'

const RETRY_MS = 3_000

/** What is shown: the room, or another page, whose code comes only when it is asked for. */
const page = signal<ComponentType | null>(null)
const elsewhere: Record<string, () => Promise<ComponentType>> = {
  '/planner': () => import('./planner/page').then(({ PlannerPage }) => PlannerPage),
  '/replay': () => import('./replay/page').then(({ ReplayPage }) => ReplayPage),
}
const other = elsewhere[location.pathname] ?? null
if (other) void other().then((found) => { page.value = found })
else page.value = Room

async function loadCity(): Promise<void> {
  try {
    city.value = await api.city()
    document.title = `reach180 · ${city.value.name}`
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return sessionEnded()
    toast('error', explain(error))
    if (session.peek()) setTimeout(() => void loadCity(), RETRY_MS)
  }
}

function App() {
  const Page = page.value
  return (
    <>
      {session.value === null && <Login />}
      {session.value && (city.value && Page ? <Page /> : <p class="loading">{t('app.loading')}</p>)}
      <Dialogs />
      <Toasts />
    </>
  )
}

effect(() => { document.documentElement.dataset['theme'] = theme.value })

effect(() => {
  if (session.value) {
    void loadCity()
    if (other) return undefined // it asks by itself
    openStream()
    return closeStream
  }
  stopListening()
  draft.value = patrol.value = null
  selected.value = null
  return undefined
})

if (!other) {
  keepDecisions()
  keepPreview()
  listenToKeys()
}
render(<App />, document.getElementById('app')!)
api.session().then((who) => { session.value = who }, () => { session.value = null })
