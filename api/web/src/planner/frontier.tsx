// What the next base buys: value and bound against the number of new bases, drawn and as a table.

import { t } from '../i18n'
import { figure, gapWords } from '../figures'
import { SIDES, type Side } from './state'
import type { Shown, Step } from './types'

const [WIDE, HIGH] = [360, 190]
const EDGE = { left: 52, right: 10, top: 12, bottom: 28 }
const TICKS = 4

interface Curve {
  side: Side
  steps: readonly Step[]
}

function ticks(low: number, high: number): number[] {
  const raw = (high - low) / TICKS || 1
  const unit = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= raw)!
  return Array.from({ length: TICKS + 3 }, (_, k) => Math.ceil(low / step) * step + k * step).filter((at) => at <= high + step * 1e-9)
}

function Plot({ curves }: { curves: readonly Curve[] }) {
  const all = curves.flatMap(({ steps }) => steps)
  const ps = all.map(({ p }) => p)
  const values = all.flatMap(({ value, bound }) => [value, bound])
  const [p0, p1, v0, v1] = [Math.min(...ps), Math.max(...ps), Math.min(...values), Math.max(...values)]
  const x = (p: number) => EDGE.left + ((p - p0) / (p1 - p0 || 1)) * (WIDE - EDGE.left - EDGE.right)
  const y = (v: number) => HIGH - EDGE.bottom - ((v - v0) / (v1 - v0 || 1)) * (HIGH - EDGE.top - EDGE.bottom)
  const line = (steps: readonly Step[], of: 'value' | 'bound') => steps.map((one, k) => `${k ? 'L' : 'M'}${x(one.p).toFixed(1)} ${y(one[of]).toFixed(1)}`).join('')
  return (
    <svg class="frontier-plot" viewBox={`0 0 ${WIDE} ${HIGH}`} role="img" aria-label={t('frontier.alt')} data-testid="frontier-plot">
      {ticks(v0, v1).map((v) => (
        <g class="axis"><path d={`M${EDGE.left} ${y(v)}H${WIDE - EDGE.right}`} /><text x={EDGE.left - 5} y={y(v) + 4} text-anchor="end">{figure(v)}</text></g>
      ))}
      {ticks(p0, p1).filter(Number.isInteger).map((p) => (
        <g class="axis"><text x={x(p)} y={HIGH - EDGE.bottom + 14} text-anchor="middle">{p}</text></g>
      ))}
      <text class="axis-name" x={(EDGE.left + WIDE - EDGE.right) / 2} y={HIGH - 2} text-anchor="middle">{t('frontier.p')}</text>
      {curves.map(({ side, steps }) => (
        <g class={`curve is-${side}`}>
          <path class="is-bound" d={line(steps, 'bound')} />
          <path d={line(steps, 'value')} />
          {steps.map(({ p, value }) => (side === 'a'
            ? <circle cx={x(p)} cy={y(value)} r={3} />
            : <rect x={x(p) - 3} y={y(value) - 3} width={6} height={6} transform={`rotate(45 ${x(p)} ${y(value)})`} />))}
        </g>
      ))}
    </svg>
  )
}

function Table({ curves }: { curves: readonly Curve[] }) {
  const ps = [...new Set(curves.flatMap(({ steps }) => steps.map(({ p }) => p)))].sort((a, b) => a - b)
  return (
    <table data-testid="frontier-table">
      <thead>
        <tr>
          <th scope="col">{t('frontier.p')}</th>
          {curves.map(({ side }) => (
            <><th scope="col">{side.toUpperCase()} {t('frontier.value')}</th><th scope="col">{t('frontier.bound')}</th><th scope="col">{t('job.gap')}</th></>
          ))}
        </tr>
      </thead>
      <tbody>
        {ps.map((p) => (
          <tr>
            <th scope="row">{p}</th>
            {curves.map(({ steps }) => {
              const step = steps.find((one) => one.p === p)
              return step
                ? <><td>{figure(step.value)}</td><td>{figure(step.bound)}</td><td>{gapWords(step.status === 'optimal' ? 0 : step.gap)}</td></>
                : <><td>–</td><td>–</td><td>–</td></>
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export function FrontierOf({ layouts }: { layouts: Readonly<Record<Side, Shown | null>> }) {
  const curves = SIDES.flatMap((side): Curve[] => {
    const steps = layouts[side]?.plan.frontier?.steps ?? []
    return steps.length > 0 ? [{ side, steps }] : []
  })
  const comparable = curves.length < 2 || layouts.a!.plan.frontier!.unit === layouts.b!.plan.frontier!.unit
  if (curves.length === 0) return null
  return (
    <section>
      <h3>{t('frontier.title')}</h3>
      {(comparable ? [curves] : curves.map((curve) => [curve])).map((group) => (
        <>
          {group.some(({ steps }) => steps.length > 1) && <Plot curves={group} />}
          <Table curves={group} />
        </>
      ))}
    </section>
  )
}
