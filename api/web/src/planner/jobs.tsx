// The plans and simulations there are: how far each is, layouts as A or B, what a simulation came to.

import { t } from '../i18n'
import { jobsOf } from '../jobs/jobs'
import { JobRow } from '../jobs/row'
import type { Job } from '../jobs/types'
import { ReplayLinks } from '../replay/links'
import { forget, show, study } from './actions'
import { hasLayout, hasOutcome, looking, SIDES, studied } from './state'

export const nameOf = (job: Job): string => job.name || job.id

function OneJob({ job }: { job: Job }) {
  const name = nameOf(job)
  return (
    <JobRow job={job} name={name} {...(job.kind === 'simulation' && { kind: t('sim.one') })} gone={forget}>
      {hasLayout(job) && SIDES.map((side) => (
        <button
          class={`button side-${side}`} type="button" aria-pressed={looking.value[side] === job.id} aria-label={`${t(`job.show_${side}`)}: ${name}`}
          data-testid={`show-${side}`} onClick={() => void show(job, side)}
        >{side.toUpperCase()}</button>
      ))}
      {hasOutcome(job) && (
        <button
          class="button" type="button" aria-pressed={studied.value?.job.id === job.id} aria-label={`${t('sim.show')}: ${name}`}
          data-testid="show-outcome" onClick={() => void study(job)}
        >{t('sim.show')}</button>
      )}
      <ReplayLinks job={job} />
    </JobRow>
  )
}

export function JobList() {
  const listed = jobsOf('plan', 'simulation')
  return (
    <section class="jobs" aria-label={t('job.title')}>
      <h3>{t('job.title')}<span class="count">{listed.length}</span></h3>
      {listed.length === 0 && <p class="soft">{t('job.none')}</p>}
      <ul>{listed.map((job) => <OneJob key={job.id} job={job} />)}</ul>
    </section>
  )
}
