select tenant_id, scenario_id
from {{ ref('mart_run') }}
group by tenant_id, scenario_id
having sum(case when standing = 'NEWEST' then 1 else 0 end) <> 1
