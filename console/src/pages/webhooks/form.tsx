/** What a webhook is: where to, and of what it is told. */
import { useState } from "preact/hooks";
import { useAction, useAnswer } from "../../api/use";
import { scenariosPage } from "../../data/scenarios";
import { Dialog } from "../../ui/dialog";
import { Choice, Text } from "../../ui/field";
import { ProblemNote } from "../../ui/parts";
import { type Draft, EVENT_TYPES } from "./webhooks";

export function Form(props: { title: string; button: string; begin: Draft; save: (draft: Draft) => Promise<void>; close: () => void }) {
  const [draft, setDraft] = useState<Draft>(props.begin);
  const [tags, setTags] = useState(props.begin.tags.join(", "));
  const action = useAction();
  const scenarios = useAnswer("scenarios to tell of", (signal) => scenariosPage({ limit: 100 }, undefined, signal));
  const change = (changes: Partial<Draft>): void => setDraft({ ...draft, ...changes });
  const toggle = (name: "event_types" | "scenario_ids", value: string): void =>
    change({ [name]: draft[name].includes(value) ? draft[name].filter((one) => one !== value) : [...draft[name], value] });
  const nameOf = (id: string): string => scenarios.value?.data.find((scenario) => scenario.id === id)?.name ?? id;
  const save = (): void => {
    const words = tags.split(",").map((tag) => tag.trim());
    void action.run(() => props.save({ ...draft, tags: words.filter(Boolean) }));
  };
  // What no field shows is shown below them.
  const { problem } = action;
  const unplaced = problem && !(problem.of("url") ?? problem.of("tags"));
  return (
    <Dialog title={props.title} close={props.close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <h2>{props.title}</h2>
        <Text label="Address" value={draft.url} onInput={(url) => change({ url })} placeholder="https://example.com/hooks" required wrong={problem?.of("url")} hint="It must be reachable from the internet by https." />
        <Text label="Description" value={draft.description} onInput={(description) => change({ description })} maxLength={2000} />
        <fieldset class="group">
          <legend>Told of</legend>
          <div class="line">
            {Object.entries(EVENT_TYPES).map(([type, title]) => (
              <button type="button" class="tag" key={type} aria-pressed={draft.event_types.includes(type)} onClick={() => toggle("event_types", type)}>
                {title}
              </button>
            ))}
          </div>
          <span class="quiet small">{draft.event_types.length === 0 ? "None chosen: of everything." : "Of these alone."}</span>
        </fieldset>
        <Text label="Scenarios with a tag" value={tags} onInput={setTags} placeholder="board, monthly" wrong={problem?.of("tags")} hint="By commas; of their runs alone." />
        <Choice
          label="Scenarios"
          value=""
          onChange={(id) => id && toggle("scenario_ids", id)}
          options={[["", draft.scenario_ids.length === 0 ? "All" : "Add one …"], ...(scenarios.value?.data ?? []).filter((scenario) => !draft.scenario_ids.includes(scenario.id)).map((scenario) => [scenario.id, scenario.name] as const)]}
        />
        {draft.scenario_ids.length > 0 && (
          <div class="line">
            {draft.scenario_ids.map((id) => (
              <button type="button" class="tag" key={id} aria-label={`Take out ${nameOf(id)}`} onClick={() => toggle("scenario_ids", id)}>
                {nameOf(id)} ×
              </button>
            ))}
          </div>
        )}
        <label class="line">
          <input type="checkbox" checked={draft.ordered} onChange={() => change({ ordered: !draft.ordered })} /> In the order in which it happened; one that fails holds up the others
        </label>
        {unplaced && <ProblemNote problem={problem} />}
        <div class="line" style={{ justifyContent: "flex-end" }}>
          <button type="button" class="button" onClick={props.close}>
            Cancel
          </button>
          <button type="submit" class="button first" disabled={action.busy}>
            {props.button}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
