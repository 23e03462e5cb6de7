-- One row a run that has a result. The newest of a scenario is the one asked for last: ids of runs rise with time (UUIDv7).
with runs as (
    select
        run_id,
        min(tenant_id) as tenant_id,
        min(scenario_id) as scenario_id,
        min(version_hash) as version_hash,
        max(computed_at) as computed_at,
        count(*) as output_rows,
        count(distinct metric) as metrics,
        min(year) as first_year,
        max(year) as last_year,
        max(case when band_lower is not null then 1 else 0 end) = 1 as is_stochastic
    from {{ ref('stg_scenario_output') }}
    group by run_id
)

select
    runs.*,
    row_number() over (partition by tenant_id, scenario_id order by run_id desc) as recency,
    case when row_number() over (partition by tenant_id, scenario_id order by run_id desc) = 1 then 'NEWEST' else 'EARLIER' end
        as standing
from runs
