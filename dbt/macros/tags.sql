{# Tags are a map. DuckDB and Athena (Trino) read it by other functions. #}

{% macro tag(name) %}{{ adapter.dispatch('tag', 'sextant')(name) }}{% endmacro %}

{% macro default__tag(name) %}map_extract_value(tags, '{{ name }}'){% endmacro %}

{% macro athena__tag(name) %}element_at(tags, '{{ name }}'){% endmacro %}


{# All tags as one text, in the order of their names: equal tags are equal texts. #}

{% macro tags_text() %}{{ adapter.dispatch('tags_text', 'sextant')() }}{% endmacro %}

{% macro default__tags_text() -%}
coalesce(array_to_string(list_sort(list_transform(map_entries(tags), lambda e: e.key || '=' || e.value)), ','), '')
{%- endmacro %}

{% macro athena__tags_text() -%}
array_join(array_sort(transform(map_entries(tags), e -> e[1] || '=' || e[2])), ',')
{%- endmacro %}
