// Who would go, asked again whenever the draft or the fleet changes.

import { computed, effect } from '@preact/signals'
import { explain, reportOf } from './actions'
import { api } from './api'
import { draft, fleetKey, preview } from './state'
import type { Report } from './types'

const SETTLE_MS = 150
const NOTHING = { decision: null, asking: false, problem: null }

const wanted = computed(() => {
  const report = draft.value && reportOf({ ...draft.value, note: '', watch_s: null }) // what a dry run takes
  return report ? JSON.stringify(report) : null
})

export function keepPreview(): void {
  let asked: string | null = null
  effect(() => {
    const question = wanted.value
    if (question === null) {
      asked = null
      preview.value = NOTHING
      return
    }
    void fleetKey.value // a drone became free, or was taken
    preview.value = { ...(question === asked ? preview.peek() : NOTHING), asking: true }
    asked = question
    const gone = new AbortController()
    const timer = setTimeout(() => {
      api.decide(JSON.parse(question) as Report, gone.signal).then(
        (decision) => { preview.value = { decision, asking: false, problem: null } },
        (error: unknown) => {
          if (!gone.signal.aborted) preview.value = { decision: null, asking: false, problem: explain(error) }
        },
      )
    }, SETTLE_MS)
    return () => {
      clearTimeout(timer)
      gone.abort()
    }
  })
}
