-- A band's lower edge is not above its upper one, and both or neither are there.
select output_id, band_lower, band_upper
from {{ ref('mart_scenario_output') }}
where band_lower > band_upper or (band_lower is null) <> (band_upper is null)
