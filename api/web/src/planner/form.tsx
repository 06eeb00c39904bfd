// What a planner asks: area, demand, sites, promise and means.

import { useState } from 'preact/hooks'
import { parseCoordinates } from '../coordinates'
import { t } from '../i18n'
import { composing } from '../keyboard'
import { mapCentre } from '../map/open'
import { city } from '../state'
import { addPlace, clearArea, loadArea, startDrawing, startPlan, undoPlace } from './actions'
import { fieldsOf } from './field'
import { areaFile, corners, drawing, plan, points } from './state'
import { MODELS, type Model } from './types'

const { Choice, DatumField, Field, Flag, Form, TextField, Upload, Wrong } = fieldsOf(plan)

/** Drawing, also without a pointer: the map's centre, or coordinates. */
function Drawing() {
  const [text, setText] = useState('')
  const apply = () => {
    const at = parseCoordinates(text, city.value!.bounds)
    if (!at) return
    addPlace(at)
    setText('')
  }
  return (
    <div class="drawing" role="group" aria-label={t(drawing.value === 'area' ? 'plan.drawing_area' : 'plan.drawing_points')}>
      <p class="soft">{t(drawing.value === 'area' ? 'plan.drawing_area' : 'plan.drawing_points')}</p>
      <div class="paste">
        <input
          type="text" value={text} aria-label={t('plan.add_at')} placeholder={t('plan.add_at')} data-testid="add-at"
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || composing(event)) return
            event.preventDefault()
            apply()
          }}
        />
        <button class="button" type="button" onClick={apply}>{t('plan.add')}</button>
      </div>
      <div class="acts">
        <button class="button" type="button" onClick={() => { const at = mapCentre(); if (at) addPlace(at) }}>{t('plan.add_here')}</button>
        <button class="button" type="button" onClick={undoPlace}>{t('plan.undo')}</button>
        <button class="button is-main" type="button" data-testid="draw-done" onClick={() => { drawing.value = null }}>{t('plan.done_drawing')}</button>
      </div>
    </div>
  )
}

function Area() {
  const drawn = corners.value.length
  const now = areaFile.value?.name ?? (drawn > 0 ? t('plan.area_drawn', { n: drawn }) : t('plan.area_whole'))
  return (
    <fieldset>
      <legend>{t('plan.area')}: <b data-testid="area-now">{now}</b></legend>
      <div class="acts">
        <button class="button" type="button" aria-pressed={drawing.value === 'area'} data-testid="draw-area" onClick={() => startDrawing('area')}>{t('plan.draw_area')}</button>
        {(drawn > 0 || areaFile.value) && <button class="button" type="button" onClick={clearArea}>{t('plan.clear')}</button>}
      </div>
      {drawing.value === 'area' && <Drawing />}
      <Field name="area" label="plan.load_area">
        <input type="file" accept=".geojson,.json" data-testid="file-area" onChange={(event) => void loadArea(event.currentTarget.files?.[0] ?? null)} />
      </Field>
      <p class="soft small">{t('plan.area_hint')}</p>
    </fieldset>
  )
}

function Demand() {
  const now = plan.form.value
  return (
    <fieldset>
      <legend>{t('plan.demand')}</legend>
      <Choice name="demand" among={[['model', 'plan.demand_model'], ['file', 'plan.demand_file']]} />
      {now.demand === 'file' ? (
        <>
          <Upload label="plan.demand_pick" accept=".csv,.parquet,.geojson,.json,.gpkg,.tif,.tiff" part="demand" />
          <DatumField name="demand_datum" />
          <TextField name="demand_weight" label="plan.demand_weight" numeric={false} />
          {now.model === 'worst-district' && <TextField name="demand_district" label="plan.demand_district" numeric={false} />}
          <Flag name="demand_skip_wrong">{t('plan.skip_wrong')}</Flag>
        </>
      ) : <Wrong of="demand" />}
    </fieldset>
  )
}

function Sites() {
  const now = plan.form.value
  const known = city.value!.candidates.features.length
  return (
    <fieldset>
      <legend>{t('plan.sites')}</legend>
      <Flag name="bases">{t('plan.bases')}</Flag>
      {known > 0 && <Flag name="candidates">{t('plan.candidates', { n: known })}</Flag>}
      <Flag name="grid">{t('plan.grid')}</Flag>
      {now.grid && <TextField name="grid_m" label="plan.grid_m" />}
      <div class="acts">
        <span class="grow">{t('plan.points', { n: points.value.length })}</span>
        <button class="button" type="button" aria-pressed={drawing.value === 'points'} data-testid="draw-points" onClick={() => startDrawing('points')}>{t('plan.draw_points')}</button>
        {points.value.length > 0 && <button class="button" type="button" onClick={() => { points.value = [] }}>{t('plan.clear')}</button>}
      </div>
      {drawing.value === 'points' && <Drawing />}
      <Wrong of="points" />
      <Upload label="plan.sites_pick" accept=".csv,.parquet,.geojson,.json,.gpkg" part="candidates" />
      {plan.files.value['candidates'] && <DatumField name="sites_datum" />}
    </fieldset>
  )
}

function Means() {
  const { model } = plan.form.value
  return (
    <fieldset>
      <legend>{t('plan.promise')}</legend>
      <Field name="model" label="plan.model">
        <select value={model} data-testid="field-model" onChange={(event) => plan.change({ model: event.currentTarget.value as Model })}>
          {MODELS.map((name) => <option value={name}>{t(`model.${name}`)}</option>)}
        </select>
      </Field>
      <div class="pair">
        <TextField name="within_s" label="plan.within_s" />
        {(model === 'cover' || model === 'maxcover') && <TextField name="times" label="plan.times" />}
        {(model === 'cover' || model === 'p90') && <TextField name="share" label="plan.share" />}
        {model === 'expected' && <TextField name="busy" label="plan.busy" />}
        <TextField name="p" label="plan.p" />
        <TextField name="budget" label="plan.budget" />
        {model !== 'cover' && <TextField name="frontier_to" label="plan.frontier_to" />}
        <TextField name="limit_s" label="plan.limit_s" />
      </div>
      <TextField name="name" label="plan.name" numeric={false} />
    </fieldset>
  )
}

export function PlanForm() {
  return (
    <Form label="plan.title" send="plan.start" start={startPlan}>
      <Means />
      <Area />
      <Demand />
      <Sites />
    </Form>
  )
}
