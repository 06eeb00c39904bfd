// Drills: which there are, the one that is played in this room as it goes, those that were played as jobs.

import { useEffect, useState } from 'preact/hooks'
import { nowS } from '../clock'
import { mmss } from '../format'
import { language, t, takeIn } from '../i18n'
import { hasResult, jobsOf, resultUrl, watchJobs } from '../jobs/jobs'
import { Files, JobRow } from '../jobs/row'
import type { Job } from '../jobs/types'
import { words as jobWords } from '../jobs/words'
import { showPosition } from '../map/open'
import { may } from '../state'
import { beganAt, begin, drills, end, listed, loadDrills, loadScore, played, playHere, scores, textOf, titleOf } from './drills'
import { ScoreView } from './score'
import type { Drill, Inject, Played } from './types'
import { words } from './words'
import '../style/jobs.css'
import '../style/drill.css'

for (const some of [words, jobWords]) takeIn(some)

const SPEEDS = [1, 10, 60]

// ---- the one that is played ----------------------------------------------------------------------------------
const passedS = (): number => (beganAt.value === null ? 0 : Math.max(0, nowS.value - beganAt.value))

/** Until when an answer is due, or that it came. */
function Answer({ inject: { at_s, name, within_s }, now }: { inject: Inject; now: Played }) {
  if (within_s === null) return null
  const after_s = (now.score ?? now.standing)?.answers.find((answer) => answer.name === name)?.after_s ?? null
  const left_s = at_s + within_s - passedS()
  if (after_s !== null) {
    return <b class={`verdict ${after_s <= within_s ? 'is-good' : 'is-late'}`}>{t('drill.answered', { t: mmss(after_s), within: mmss(within_s) })}</b>
  }
  if (now.state !== 'running' || left_s < 0) return <b class="verdict is-late">{t('drill.unanswered', { within: mmss(within_s) })}</b>
  return <b class="verdict is-soon">{t('drill.answer_in', { t: mmss(left_s) })}</b>
}

function Timetable({ now }: { now: Played }) {
  return (
    <section class="block">
      <h3>{t('drill.timetable')}</h3>
      {now.injects.length === 0 && <p class="soft">{t('drill.nothing_told')}</p>}
      <ol class="injects" aria-live="polite" data-testid="drill-injects">
        {now.injects.map((inject, k) => (
          <li key={inject.name} data-testid={`inject-${inject.name}`}>
            <time>{mmss(inject.at_s)}</time>
            <div>
              <p><span class="inject-mark" aria-hidden="true">{k + 1}</span> {textOf(inject)}</p>
              <p class="inject-foot">
                <Answer inject={inject} now={now} />
                {inject.position && (
                  <button class="link-button" type="button" aria-label={`${t('incident.show')}: ${inject.name}`} onClick={() => showPosition(inject.position!)}>{t('incident.show')}</button>
                )}
              </p>
            </div>
          </li>
        ))}
      </ol>
    </section>
  )
}

function Progress({ now }: { now: Played }) {
  const passed_s = passedS()
  return (
    <div class="how-far">
      <div>
        <b data-testid="drill-clock">{mmss(passed_s)}</b>{' '}
        <span class="soft">{t(passed_s <= now.last_at_s ? 'drill.of_timetable' : 'drill.flying_home', { t: mmss(now.last_at_s) })}</span>
      </div>
      <progress value={Math.min(1, passed_s / now.last_at_s)} max={1} aria-label={t('drill.timetable')} />
    </div>
  )
}

function PlayedView({ now }: { now: Played }) {
  const over = now.state !== 'running'
  const score = now.score ?? now.standing
  return (
    <section class="drill" aria-label={titleOf(now)} data-testid="drill-played" data-state={now.state}>
      <div class="panel-head">
        <div class="grow"><h2>{titleOf(now)}</h2><p class="soft small">{t('drill.by', { who: now.asked_by })}</p></div>
        {over && <button class="button" type="button" data-testid="drill-list" onClick={() => { listed.value = true }}>{t('drill.all')}</button>}
        {!over && may('operator') && <button class="button is-danger" type="button" data-testid="drill-end" onClick={() => void end(now)}>{t('drill.end')}</button>}
      </div>
      <div class="scroll pad">
        {!over && <Progress now={now} />}
        {now.failed && <p class="problem" role="alert">{t('drill.failed', { why: now.failed })}</p>}
        {over && now.files.length > 0 && <Files label={t('drill.record')} files={now.files} url={(name) => `/api/v1/drills/last/files/${encodeURIComponent(name)}`} />}
        {over && score && <ScoreView score={score} over />}
        <Timetable now={now} />
        {!over && score && <section class="block"><h3>{t('drill.so_far')}</h3><ScoreView score={score} over={false} /></section>}
      </div>
    </section>
  )
}

// ---- those that there are ------------------------------------------------------------------------------------
function OneDrill({ drill }: { drill: Drill }) {
  const [speed, setSpeed] = useState('')
  const title = titleOf(drill)
  const under = played.value?.state === 'running'
  return (
    <li class="job" data-testid={`drill-${drill.name}`}>
      <b>{title}</b>
      <p>{language.value === 'zh' ? drill.introduction_zh : drill.introduction_en}</p>
      <p class="soft small">{t('drill.counts', { incidents: drill.incidents, injects: drill.injects, t: mmss(drill.last_at_s) })}</p>
      {may('operator') && (
        <div class="acts">
          <button
            class="button is-main" type="button" disabled={drill.misfit !== null || under} aria-label={`${t('drill.begin')}: ${title}`}
            data-testid="drill-begin" onClick={() => void begin(drill)}
          >{t('drill.begin')}</button>
          <select aria-label={`${t('drill.speed')}: ${title}`} value={speed} data-testid="drill-speed" onChange={(event) => setSpeed(event.currentTarget.value)}>
            <option value="">{t('drill.as_fast')}</option>
            {SPEEDS.map((n) => <option value={n}>{t('drill.times', { n })}</option>)}
          </select>
          <button
            class="button" type="button" aria-label={`${t('drill.here')}: ${title}`} data-testid="drill-here"
            onClick={() => void playHere(drill, speed ? Number(speed) : null)}
          >{t('drill.here')}</button>
        </div>
      )}
      {drill.misfit && <p class="soft small" data-testid="drill-misfit">{t(`drill.${drill.misfit}`)}</p>}
    </li>
  )
}

function PlayedHere({ job }: { job: Job }) {
  const [open, setOpen] = useState(false)
  const drill = drills.value?.find(({ name }) => name === job.name)
  const score = scores.value.get(job.id)
  const toggle = () => {
    setOpen(!open)
    void loadScore(job)
  }
  return (
    <>
      <JobRow job={job} name={drill ? titleOf(drill) : job.name} gone={() => undefined}>
        {hasResult(job, 'score.json') && (
          <button class="button" type="button" aria-expanded={open} data-testid="show-score" onClick={toggle}>{t('drill.score')}</button>
        )}
      </JobRow>
      {open && score && (
        <li>
          <ScoreView score={score} over />
          <Files label={t('drill.record')} files={job.results} url={(name) => resultUrl(job, name)} />
        </li>
      )}
    </>
  )
}

function List() {
  useEffect(() => {
    if (!drills.peek()) void loadDrills()
    return watchJobs((job) => { if (hasResult(job, 'score.json')) void loadScore(job) })
  }, [])
  const here = jobsOf('drill')
  return (
    <section class="drill" aria-label={t('drill.title')}>
      <div class="panel-head">
        <div class="grow"><h2>{t('drill.title')}</h2></div>
        {played.value && <button class="button" type="button" data-testid="drill-last" onClick={() => { listed.value = false }}>{t('drill.last')}</button>}
      </div>
      <div class="scroll pad jobs">
        <p class="soft">{t('drill.hint')}</p>
        {!drills.value && <p class="soft">{t('drill.loading')}</p>}
        <ul>{drills.value?.map((drill) => <OneDrill key={drill.name} drill={drill} />)}</ul>
        {here.length > 0 && <><h3>{t('drill.played_here')}</h3><ul data-testid="drill-jobs">{here.map((job) => <PlayedHere key={job.id} job={job} />)}</ul></>}
      </div>
    </section>
  )
}

export function Drills() {
  const now = played.value
  return now && !listed.value ? <PlayedView now={now} /> : <List />
}
