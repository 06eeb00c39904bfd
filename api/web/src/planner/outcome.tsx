// What a simulation came to: the promise of each arm, its figures with intervals, differences to the first, files.

import { between, quantity, type Interval } from '../figures'
import { t, tWord } from '../i18n'
import { jobsOf, resultUrl } from '../jobs/jobs'
import { Files } from '../jobs/row'
import type { Job } from '../jobs/types'
import { nameOf } from './jobs'
import { studied } from './state'
import type { Arm, Headline, Outcome, Verdict } from './types'

const LOOKS = { met: 'is-good', 'not met': 'is-late', 'not yet decidable': 'is-soon' } as const
const RUN = /^run-(\d+)\.parquet$/

/** Layouts of plans are named by their job: say the plan's name. */
const layoutName = (layout: string): string => {
  const plan = jobsOf('plan').find(({ id }) => id === layout)
  return plan ? nameOf(plan) : layout
}

const armName = ({ layout, policy }: Arm): string => `${layoutName(layout)}, ${policy}`

/** A mean over its interval. */
function Told({ of, unit }: { of: Interval; unit: string }) {
  return <>{quantity(of.mean, unit)}<small>{between(of, unit)}</small></>
}

function Promised({ verdict, outcome: { promise } }: { verdict: Verdict; outcome: Outcome }) {
  const who = verdict.priority === null ? t('sim.all') : t('legend.priority', { n: verdict.priority })
  const more = verdict.replications_to_decide
  return (
    <>
      <span>{who}: {t('sim.promised', { share: quantity(promise.share, 'share'), s: promise.within_s })}</span>{' '}
      <b class={`verdict ${LOOKS[verdict.status]}`} data-testid="verdict">{tWord('verdict', verdict.status)}</b>{' '}
      <span>{quantity(verdict.share.mean, 'share')} {between(verdict.share, 'share')}</span>
      {more !== null && <small> {t('sim.more', { n: more })}</small>}
    </>
  )
}

function Promises({ outcome }: { outcome: Outcome }) {
  return (
    <ul class="promises" data-testid="promises">
      {outcome.arms.map((arm) => {
        const [all, ...rest] = arm.promise
        return (
          <li>
            <b>{armName(arm)}</b> <small>{t('sim.has', { bases: arm.bases, drones: arm.drones })}</small>
            <p>{all && <Promised verdict={all} outcome={outcome} />}</p>
            <details>
              <summary>{t('sim.by_priority')}</summary>
              <ul>{rest.map((one) => <li><Promised verdict={one} outcome={outcome} /></li>)}</ul>
            </details>
          </li>
        )
      })}
    </ul>
  )
}

function Figure({ of: { name, told } }: { of: Headline }) {
  return <th scope="row" title={told}>{tWord('figure', name)}</th>
}

function Figures({ outcome: { headlines, arms } }: { outcome: Outcome }) {
  const known = headlines.filter(({ name }) => arms.some(({ figures }) => (figures[name]?.replications ?? 0) > 0))
  return (
    <div class="wide">
      <table data-testid="outcome-figures">
        <caption>{t('sim.figures')}</caption>
        <thead><tr><td />{arms.map((arm) => <th scope="col">{armName(arm)}</th>)}</tr></thead>
        <tbody>
          {known.map((line) => (
            <tr><Figure of={line} />{arms.map(({ figures }) => <td><Told of={figures[line.name]!} unit={line.unit} /></td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Why nobody is better; empty where neither less nor more of it is. */
function undecided({ low, high, replications }: Interval): string {
  if (replications < 2 || low === null || high === null) return ''
  if (low === 0 && high === 0) return t('sim.same')
  return low <= 0 && high >= 0 ? t('sim.not_shown') : ''
}

function Differences({ outcome: { headlines, arms, differences } }: { outcome: Outcome }) {
  const first = arms[0]!
  return (
    <>
      {differences.map(({ second_minus_first: by }, k) => {
        const arm = arms[k + 1]!
        const who = { first: armName(first), second: armName(arm) }
        return (
          <div class="wide">
            <table data-testid="outcome-difference">
              <caption>{t('sim.difference', who)}</caption>
              <thead><tr><td /><th scope="col">{t('sim.less')}</th><th scope="col">{t('sim.better')}</th></tr></thead>
              <tbody>
                {headlines.filter(({ name }) => (by[name]?.replications ?? 0) > 0).map((line) => {
                  const one = by[line.name]!
                  return (
                    <tr>
                      <Figure of={line} />
                      <td><Told of={one} unit={line.unit} /></td>
                      <td>{one.better ? who[one.better] : undecided(one)}</td>
                    </tr>
                  )
                })}
              </tbody>
            </table>
          </div>
        )
      })}
    </>
  )
}

/** A run that was recorded: one row, with all that can be done with it. */
function RecordedRun({ job, file, arm }: { job: Job; file: string; arm: string }) {
  return (
    <li class="recorded-run">
      <span class="grow">{arm}</span>
      <a href={resultUrl(job, file)} download={file} data-testid={`file-${file}`}>{file}</a>
    </li>
  )
}

function Recorded({ job, outcome: { arms } }: { job: Job; outcome: Outcome }) {
  const runs = job.results.flatMap(({ name }) => {
    const arm = arms[Number(RUN.exec(name)?.[1] ?? 0) - 1]
    return arm ? [{ file: name, arm: armName(arm) }] : []
  })
  if (runs.length === 0) return null
  return (
    <section>
      <h4>{t('sim.recorded')}</h4>
      <ul class="recorded">{runs.map((run) => <RecordedRun key={run.file} job={job} {...run} />)}</ul>
    </section>
  )
}

export function OutcomeOf() {
  const now = studied.value
  if (!now) return null
  const { job, outcome } = now
  return (
    <section class="layouts outcome" aria-label={t('sim.outcome')} aria-busy={!outcome} data-testid="outcome">
      <h3>{t('sim.outcome')} <span class="soft">{nameOf(job)}</span></h3>
      {!outcome && <p class="soft">{t('layout.loading')}</p>}
      {outcome && (
        <>
          <p class="soft">{t('sim.runs', { n: outcome.replications, from: outcome.measured.from.slice(0, 10), until: outcome.measured.until.slice(0, 10) })}</p>
          {outcome.stopped && <p class="warning">▲ {t('sim.stopped')}</p>}
          <Promises outcome={outcome} />
          <Figures outcome={outcome} />
          <Differences outcome={outcome} />
          <p class="soft small">{t('sim.note')}</p>
          <Recorded job={job} outcome={outcome} />
          <Files label={`${t('job.files')} ${nameOf(job)}`} files={job.results.filter(({ name }) => !RUN.test(name))} url={(name) => resultUrl(job, name)} />
        </>
      )}
    </section>
  )
}
