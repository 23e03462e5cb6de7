-- One row a run, metric, date and set of tags: the lake's rows with a key, and the tags that most questions ask for as columns.
select
    {{ dbt.hash(dbt.concat(["run_id", "'|'", "metric", "'|'", "cast(asof_date as varchar)", "'|'", sextant.tags_text()])) }} as output_id,
    tenant_id,
    scenario_id,
    run_id,
    metric,
    asof_date,
    extract(year from asof_date) as year,
    value,
    unit,
    band_lower,
    band_upper,
    {{ sextant.tag('technology') }} as technology,
    {{ sextant.tag('unit') }} as generating_unit,
    {{ sextant.tags_text() }} as tags_text,
    tags,
    attribution,
    version_hash,
    computed_ts as computed_at
from {{ source('sextant', 'scenario_output') }}
{% if var('sextant_tenants') -%}
where tenant_id in ({% for tenant in var('sextant_tenants') %}'{{ tenant | replace("'", "''") }}'{{ ", " if not loop.last }}{% endfor %})
{%- endif %}
