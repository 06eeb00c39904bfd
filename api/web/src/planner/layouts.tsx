// One layout or two beside each other: figures, frontier, bases, files.

import type { ComponentChildren } from 'preact'
import { mmss } from '../format'
import { t, tWord } from '../i18n'
import { showPosition } from '../map/open'
import { resultUrl } from '../jobs/jobs'
import { Files } from '../jobs/row'
import { figure, gapWords, shareWords } from '../figures'
import { FrontierOf } from './frontier'
import { nameOf } from './jobs'
import { looking, shown, SIDES, type Side } from './state'
import type { Plan, Shown } from './types'

const seconds = (value: number | null): string => (value === null ? '–' : `${value.toFixed(0)} s`)

type Row = [label: string, of: (plan: Plan) => ComponentChildren]

const rows = (): Row[] => [
  [t('layout.proof'), (plan) => (plan.status === 'optimal' ? t('layout.optimal') : t('layout.stopped', { gap: gapWords(plan.gap) }))],
  [t('layout.within'), ({ clocks, within_s }) => `${shareWords(clocks.within_share)} / ${within_s} s`],
  [t('layout.mean'), ({ clocks }) => seconds(clocks.mean_s)],
  [t('layout.median'), ({ clocks }) => seconds(clocks.median_s)],
  [t('layout.p90'), ({ clocks }) => seconds(clocks.p90_s)],
  [t('layout.worst'), ({ clocks }) => seconds(clocks.worst_s)],
  [t('layout.unseen'), ({ clocks }) => shareWords(clocks.unseen_share)],
  [t('layout.closed'), ({ clocks }) => shareWords(clocks.closed_share)],
  [t('layout.bases'), (plan) => plan.bases.length],
  [t('layout.new_bases'), (plan) => plan.new_bases],
  [t('layout.cost'), (plan) => figure(plan.cost)],
  [t('layout.value'), (plan) => <>{figure(plan.value)} <small>{tWord('unit', plan.unit)}</small></>],
  [t('layout.bound'), (plan) => figure(plan.bound)],
  [t('layout.took'), (plan) => mmss(plan.took_s)],
]

function Compare({ layouts }: { layouts: readonly (readonly [Side, Shown])[] }) {
  const [first, second] = layouts
  const ids = new Set(first![1].plan.bases.map(({ id }) => id))
  return (
    <table data-testid="compare">
      <thead><tr><td />{layouts.map(([side, { job }]) => <th scope="col" class={`side-${side}`}>{side.toUpperCase()} · {job.name || job.id}</th>)}</tr></thead>
      <tbody>
        {rows().map(([label, of]) => <tr><th scope="row">{label}</th>{layouts.map(([, { plan }]) => <td>{of(plan)}</td>)}</tr>)}
        {second && (
          <tr><th scope="row">{t('layout.common')}</th><td colSpan={2} data-testid="common">{second[1].plan.bases.filter(({ id }) => ids.has(id)).length}</td></tr>
        )}
      </tbody>
    </table>
  )
}

function Bases({ side, layout: { plan } }: { side: Side; layout: Shown }) {
  const sorted = [...plan.bases].sort((a, b) => b.first - a.first)
  return (
    <details open={side === 'a'}>
      <summary>{t('layout.table', { which: side.toUpperCase() })}</summary>
      <table data-testid={`bases-${side}`}>
        <thead><tr>{[t('layout.site'), t('layout.covers'), t('layout.lost'), t('layout.marginal'), t('layout.mean_s')].map((head) => <th scope="col">{head}</th>)}</tr></thead>
        <tbody>
          {sorted.map((base) => (
            <tr>
              <th scope="row">
                <button class="link-button" type="button" aria-label={t('layout.show', { id: base.id })} onClick={() => showPosition({ longitude_deg: base.longitude, latitude_deg: base.latitude })}>{base.id}</button>
                {base.standing && <small> {t('layout.stands')}</small>}
              </th>
              <td>{shareWords(base.covered / plan.demand)}</td>
              <td>{shareWords(base.lost / plan.demand)}</td>
              <td>{base.marginal === null ? '–' : figure(base.marginal)}</td>
              <td>{base.mean_s === null ? '–' : base.mean_s.toFixed(0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}

export function Layouts() {
  const layouts = SIDES.flatMap((side) => {
    const layout = shown.value[side]
    return layout ? [[side, layout] as const] : []
  })
  const waiting = SIDES.some((side) => looking.value[side] && !shown.value[side])
  return (
    <section class="layouts" aria-label={t('layout.title')} aria-busy={waiting}>
      <h3>{t('layout.title')}</h3>
      {layouts.length === 0 && <p class="soft">{t(waiting ? 'layout.loading' : 'layout.pick')}</p>}
      {layouts.length > 0 && <Compare layouts={layouts} />}
      <FrontierOf layouts={shown.value} />
      {layouts.map(([side, layout]) => <Bases key={layout.job.id + side} side={side} layout={layout} />)}
      {layouts.map(([, { job }]) => <Files label={`${t('job.files')} ${nameOf(job)}`} files={job.results} url={(name) => resultUrl(job, name)} />)}
    </section>
  )
}
