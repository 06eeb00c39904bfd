// The plans there are: how far each is, its layout as A or B, stop, delete.

import { mmss } from '../format'
import { problemText, t, tWord } from '../i18n'
import { may } from '../state'
import { cancel, remove, show } from './actions'
import { figure, gapWords } from './figures'
import { hasLayout, jobs, looking, SIDES } from './state'
import type { Job, Progress } from './types'

function HowFar({ now }: { now: Progress }) {
  const name = tWord('stage', now.what)
  return (
    <div class="how-far" data-testid="progress">
      <div>{name} <span class="soft">{t('job.after', { t: mmss(now.seconds) })}</span></div>
      {now.share !== null && <progress value={now.share} max={1} aria-label={name} />}
      {now.value !== null && (
        <dl class="triple">
          <div><dt>{t('job.value')}</dt><dd>{figure(now.value)}</dd></div>
          <div><dt>{t('job.bound')}</dt><dd>{now.bound === null ? t('job.no_bound') : figure(now.bound)}</dd></div>
          <div><dt>{t('job.gap')}</dt><dd>{gapWords(now.gap)}</dd></div>
        </dl>
      )}
    </div>
  )
}

function OneJob({ job }: { job: Job }) {
  const under = job.state === 'queued' || job.state === 'running'
  const name = job.name || job.id
  return (
    <li class={`job is-${job.state}`} data-testid={`job-${job.id}`}>
      <div class="job-head">
        <b>{name}</b>
        <span class="chip" data-testid="job-state">{job.cancel_asked && under ? t('job.stopping') : tWord('job', job.state)}</span>
      </div>
      {under && job.progress && <HowFar now={job.progress} />}
      {job.failure && <p class="problem" role="alert">{problemText(job.failure.code, job.failure.detail)}</p>}
      <div class="acts">
        {hasLayout(job) && SIDES.map((side) => (
          <button
            class={`button side-${side}`} type="button" aria-pressed={looking.value[side] === job.id} aria-label={`${t(`job.show_${side}`)}: ${name}`}
            data-testid={`show-${side}`} onClick={() => void show(job, side)}
          >{side.toUpperCase()}</button>
        ))}
        <span class="grow" />
        {may('planner') && under && (
          <button class="button" type="button" disabled={job.cancel_asked} data-testid="job-cancel" onClick={() => void cancel(job)}>{t('job.cancel')}</button>
        )}
        {may('planner') && (
          <button class="button is-quiet" type="button" aria-label={`${t('job.delete')}: ${name}`} data-testid="job-delete" onClick={() => void remove(job)}>{t('job.delete')}</button>
        )}
      </div>
    </li>
  )
}

export function JobList() {
  return (
    <section class="jobs" aria-label={t('job.title')}>
      <h3>{t('job.title')}<span class="count">{jobs.value.length}</span></h3>
      {jobs.value.length === 0 && <p class="soft">{t('job.none')}</p>}
      <ul>{jobs.value.map((job) => <OneJob key={job.id} job={job} />)}</ul>
    </section>
  )
}
