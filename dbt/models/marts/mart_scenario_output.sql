-- What each scenario says today: the outputs of its newest run, with units and bands.
select
    outputs.output_id,
    outputs.tenant_id,
    outputs.scenario_id,
    outputs.run_id,
    outputs.metric,
    outputs.asof_date,
    outputs.year,
    outputs.technology,
    outputs.generating_unit,
    outputs.tags_text,
    outputs.value,
    outputs.unit,
    outputs.band_lower,
    outputs.band_upper,
    outputs.band_upper - outputs.band_lower as band_width,
    outputs.attribution,
    outputs.version_hash,
    outputs.computed_at
from {{ ref('stg_scenario_output') }} as outputs
inner join {{ ref('mart_run') }} as runs on outputs.run_id = runs.run_id
where runs.standing = 'NEWEST'
