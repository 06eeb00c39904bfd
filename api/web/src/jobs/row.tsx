// A job in a list: how far it is, why it failed, what can be done with it; and its files.

import type { ComponentChildren } from 'preact'
import { mmss } from '../format'
import { problemText, t, tWord } from '../i18n'
import { figure, gapWords } from '../figures'
import { cancel, isUnderWay, mayEnd, remove } from './jobs'
import type { Job, Progress, ResultFile } from './types'

function HowFar({ now }: { now: Progress }) {
  const name = tWord('stage', now.what.replace(/ of .*/, '')) // "flight times of …": whose is in the report
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

interface RowProps {
  job: Job
  name: string
  /** Of what kind it is, where a list has several. */
  kind?: string
  gone: (job: Job) => void
  children?: ComponentChildren
}

/** `children` are the buttons of its kind. */
export function JobRow({ job, name, kind, gone, children }: RowProps) {
  const under = isUnderWay(job)
  return (
    <li class={`job is-${job.state}`} data-testid={`job-${job.id}`}>
      <div class="job-head">
        <b>{name}{kind && <small> {kind}</small>}</b>
        <span class="chip" data-testid="job-state">{job.cancel_asked && under ? t('job.stopping') : tWord('job', job.state)}</span>
      </div>
      {under && job.progress && <HowFar now={job.progress} />}
      {job.failure && <p class="problem" role="alert">{problemText(job.failure.code, job.failure.detail)}</p>}
      <div class="acts">
        {children}
        <span class="grow" />
        {mayEnd(job) && under && (
          <button class="button" type="button" disabled={job.cancel_asked} data-testid="job-cancel" onClick={() => void cancel(job)}>{t('job.cancel')}</button>
        )}
        {mayEnd(job) && (
          <button
            class="button is-quiet" type="button" aria-label={`${t('job.delete')}: ${name}`} data-testid="job-delete"
            onClick={() => void remove(job, name).then((done) => { if (done) gone(job) })}
          >{t('job.delete')}</button>
        )}
      </div>
    </li>
  )
}

/** What can be saved. */
export function Files({ label, files, url }: { label: string; files: readonly ResultFile[]; url: (name: string) => string }) {
  return (
    <p class="files">
      <span class="soft">{label}:</span>
      {files.map(({ name }) => <a href={url(name)} download={name} data-testid={`file-${name}`}>{name}</a>)}
    </p>
  )
}
