// In a list of jobs: a link to each run that a simulation recorded.

import { id } from '../api'
import { t } from '../i18n'

const RUN = /^run-(\d+)\.parquet$/

export function ReplayLinks({ job }: { job: { id: string; results: { name: string }[] } }) {
  const numbers = job.results.flatMap(({ name }) => RUN.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b)
  return (
    <>
      {numbers.map((n) => (
        <a class="button" href={`/replay?run=${id(`${job.id}.${n}`)}`} data-testid={`replay-${n}`}>{t('sim.replay')}{numbers.length > 1 && ` ${n}`}</a>
      ))}
    </>
  )
}
