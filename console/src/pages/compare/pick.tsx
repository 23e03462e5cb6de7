/** Chooses runs that have a result. */
import { useState } from "preact/hooks";
import { useAnswer } from "../../api/use";
import { runsPage } from "../../data/runs";
import { Dialog } from "../../ui/dialog";
import { Text } from "../../ui/field";
import { Moment, ProblemNote, Waiting } from "../../ui/parts";

export function Pick(props: { chosen: readonly string[]; pick: (id: string) => void; close: () => void }) {
  const [name, setName] = useState("");
  const runs = useAnswer("runs with results", (signal) => runsPage({ state: "SUCCEEDED", limit: 100 }, undefined, signal));
  const fitting = (runs.value?.data ?? []).filter((run) => run.scenario_name.toLowerCase().includes(name.toLowerCase()));
  return (
    <Dialog title="Choose runs" close={props.close}>
      <div class="stack">
        <div class="line between">
          <h2>Choose runs</h2>
          <button type="button" class="button small" onClick={props.close}>
            Done
          </button>
        </div>
        <Text label="Scenario" hideLabel type="search" placeholder="Name of the scenario" value={name} onInput={setName} />
        <ProblemNote problem={runs.problem} />
        {runs.value === undefined && !runs.problem && <Waiting height={120} />}
        <ul class="stack tight" style={{ maxHeight: "50vh", overflow: "auto" }} tabIndex={0} aria-label="Runs with results">
          {fitting.map((run) => {
            const taken = props.chosen.includes(run.id);
            return (
              <li key={run.id} class="line between" style={{ padding: "6px 2px" }}>
                <span>
                  <b>{run.scenario_name}</b>
                  <span class="quiet small">
                    {" "}
                    version {run.scenario_version}, <Moment value={run.completed_at} />
                  </span>
                </span>
                <button type="button" class="button small" disabled={taken} onClick={() => props.pick(run.id)}>
                  {taken ? "Chosen" : "Choose"}
                </button>
              </li>
            );
          })}
          {runs.value && fitting.length === 0 && <li class="soft">No run of such a scenario has a result.</li>}
        </ul>
      </div>
    </Dialog>
  );
}
