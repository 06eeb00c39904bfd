// What a planner asks of a simulation: layouts, policies, calls, time, weather, trouble, the promise.

import { language, t } from '../i18n'
import { hasResult, jobsOf } from '../jobs/jobs'
import { fieldsOf } from './field'
import { nameOf } from './jobs'
import { callsFrom, policies, simulation, startSimulation, toggled, type SimulationForm as Asked } from './simulation'
import type { Policy } from './types'

const { Choice, DatumField, Flag, Form, TextField, Upload, Wrong } = fieldsOf(simulation)

function Layouts() {
  const { plans } = simulation.form.value
  return (
    <fieldset>
      <legend>{t('sim.layouts')}</legend>
      <Flag name="city">{t('sim.city')}</Flag>
      {jobsOf('plan').filter((job) => hasResult(job, 'layout.geojson')).map((job) => (
        <label class="flag">
          <input
            type="checkbox" checked={plans.includes(job.id)} data-testid={`layout-${job.id}`}
            onChange={() => simulation.change({ plans: toggled(plans, job.id) })}
          />
          {t('sim.plan', { name: nameOf(job) })}
        </label>
      ))}
      <Wrong of="plans" />
      <Upload label="sim.layout_file" accept=".geojson,.json" part="layout" />
    </fieldset>
  )
}

function OnePolicy({ policy: { name, dial, about_en, about_zh } }: { policy: Policy }) {
  const { policies: chosen, dials } = simulation.form.value
  const about = language.value === 'zh' ? about_zh : about_en
  const taken = chosen.includes(name)
  return (
    <div class="policy">
      <label class="flag">
        <input type="checkbox" checked={taken} data-testid={`policy-${name}`} onChange={() => simulation.change({ policies: toggled(chosen, name) })} />
        <span><b>{name}</b>{about && <small> {about}</small>}</span>
      </label>
      {taken && dial !== null && (
        <label class="field">
          <span>{t('sim.dial', { name })}</span>
          <input
            type="text" inputMode="decimal" value={dials[name] ?? ''} placeholder={String(dial)} data-testid={`dial-${name}`}
            onInput={(event) => simulation.change({ dials: { ...dials, [name]: event.currentTarget.value }, policies: chosen })}
          />
        </label>
      )}
    </div>
  )
}

function Policies() {
  return (
    <fieldset>
      <legend>{t('sim.policies')}</legend>
      {policies.value.map((policy) => <OnePolicy key={policy.name} policy={policy} />)}
      <Wrong of="policies" />
    </fieldset>
  )
}

function Calls() {
  const { calls } = simulation.form.value
  return (
    <fieldset>
      <legend>{t('sim.calls')}</legend>
      <Choice
        name="calls" pick={(value) => callsFrom(value as Asked['calls'])}
        among={[['model', 'plan.demand_model'], ['fitted', 'sim.calls_fitted'], ['replayed', 'sim.calls_replayed']]}
      />
      {calls === 'model' ? <Wrong of="calls" /> : (
        <>
          <Upload label="sim.calls_file" accept=".csv,.parquet" part="calls" />
          <DatumField name="calls_datum" />
          <TextField name="calls_time_zone" label="sim.calls_time_zone" numeric={false} hint="Asia/Shanghai" />
        </>
      )}
      {calls !== 'replayed' && <TextField name="growth" label="sim.growth" />}
    </fieldset>
  )
}

function Time() {
  return (
    <fieldset>
      <legend>{t('sim.time')}</legend>
      <div class="pair">
        <TextField name="replications" label="sim.replications" />
        <TextField name="days" label="sim.days" />
        <TextField name="begins" label="sim.begins" numeric={false} hint="2026-01-05" />
        <TextField name="warm_up_h" label="sim.warm_up_h" />
        <TextField name="seed" label="sim.seed" />
        <TextField name="cell_m" label="sim.cell_m" />
      </div>
    </fieldset>
  )
}

function Weather() {
  return (
    <fieldset>
      <legend>{t('sim.weather')}</legend>
      <TextField name="wind" label="sim.wind" numeric={false} hint="6@300" />
      <Upload label="sim.weather_file" accept=".csv,.parquet" part="weather" />
    </fieldset>
  )
}

function Trouble() {
  return (
    <fieldset>
      <legend>{t('sim.trouble')}</legend>
      <div class="pair">
        <TextField name="refused_share" label="sim.refused_share" hint="0" />
        <TextField name="patience_s" label="sim.patience_s" />
        <TextField name="lost_per_hour" label="sim.lost_per_hour" hint="0" />
        <TextField name="repair_s" label="sim.repair_s" />
        <TextField name="most_in_air" label="sim.most_in_air" />
      </div>
    </fieldset>
  )
}

function Promise() {
  return (
    <fieldset>
      <legend>{t('sim.promise')}</legend>
      <TextField name="share" label="plan.share" />
      <Flag name="record">{t('sim.record')}</Flag>
      <TextField name="name" label="sim.name" numeric={false} />
    </fieldset>
  )
}

export function SimulationForm() {
  return (
    <Form label="sim.title" send="sim.start" start={startSimulation}>
      <Layouts />
      <Policies />
      <Calls />
      <Time />
      <Weather />
      <Trouble />
      <Promise />
    </Form>
  )
}
