// How a drill went, or stands: each objective, each incident.

import { mmss, percent } from '../format'
import { t, tWord, typeNamed, type Key } from '../i18n'
import { typeOf } from '../state'
import type { Objective, Score } from './types'

/** The server's word for one whose time did not come. */
const NOT_REPORTED = 'refused (not reported)'

/** What was found; a dash where nothing can be said yet. */
function found({ kind, figures, limits }: Objective): string {
  if (kind === 'on_scene' && 'share' in figures && !('worst_s' in figures)) return t('found.on_scene_some', figures)
  const known = Object.keys(figures).length > 0
  return known ? t(`found.${kind}`, figures) : Object.keys(limits).length > 0 ? '–' : ''
}

function Objectives({ score, over }: { score: Score; over: boolean }) {
  return (
    <ul class="objectives" data-testid="drill-objectives">
      {score.objectives.map((objective) => {
        const look = objective.met ? 'is-good' : over ? 'is-late' : 'is-open'
        const word: Key = objective.met ? 'drill.met' : over ? 'drill.not_met' : 'drill.not_yet'
        return (
          <li>
            <span>{t(`objective.${objective.kind}`, objective.limits)}</span>
            <b class={`verdict ${look}`}>{t(word)}</b>
            <small>{[found(objective), objective.names.join(', ')].filter(Boolean).join(' · ')}</small>
          </li>
        )
      })}
    </ul>
  )
}

function Incidents({ score }: { score: Score }) {
  return (
    <table data-testid="drill-incidents">
      <thead>
        <tr>{(['drill.incident', 'drill.drone', 'drill.on_scene', 'drill.watched'] as const).map((head) => <th scope="col">{t(head)}</th>)}</tr>
      </thead>
      <tbody>
        {score.incidents.map(({ name, type, outcome, drone_id, clocks_s, watched_share }) => {
          const after_s = clocks_s['on scene'] ?? null
          const refused = outcome.startsWith('refused') && outcome !== NOT_REPORTED
          return (
            <tr>
              <th scope="row">{name} <small>{typeNamed(typeOf(type), type)}</small></th>
              <td>{refused ? t('drill.refused') : drone_id || '–'}</td>
              <td>{after_s === null ? '–' : mmss(after_s)}</td>
              <td>{watched_share === null ? '–' : percent(watched_share)}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** `over`: it will not change any more. */
export function ScoreView({ score, over }: { score: Score; over: boolean }) {
  return (
    <div class="score" data-testid="drill-score">
      {over && (
        <p>
          <b class={`verdict ${score.passed ? 'is-good' : 'is-late'}`} data-testid="drill-verdict">{t(score.passed ? 'drill.passed' : 'drill.not_passed')}</b>{' '}
          <span class="soft">{t('drill.lasted', { t: mmss(score.lasted_s) })}</span>
        </p>
      )}
      {over && score.unfinished && <p class="warning">▲ {tWord('unfinished', score.unfinished)}</p>}
      <Objectives score={score} over={over} />
      {!over && <p class="soft small">{t('drill.at_the_end')}</p>}
      <Incidents score={score} />
    </div>
  )
}
