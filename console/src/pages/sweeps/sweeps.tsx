/** Sweeps: one scenario over every combination of some parameters. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { answer, api } from "../../api/client";
import { useLive } from "../../api/live";
import { useAction, useAnswer } from "../../api/use";
import { requestRun, type Run, runsPage, underWay } from "../../data/runs";
import { scenariosPage } from "../../data/scenarios";
import { count, several } from "../../format/numbers";
import { words } from "../../format/words";
import { may } from "../../session/me";
import { to, useQuery } from "../../ui/address";
import { Choice, Text } from "../../ui/field";
import { Icon } from "../../ui/icons";
import { Card, Empty, Page, ProblemNote, Waiting } from "../../ui/parts";
import { RunList } from "../runs/rows";

interface Axis {
  name: string;
  values: string;
}

export function Sweeps() {
  const runs = useAnswer("sweeps", (signal) => runsPage({ limit: 100 }, undefined, signal));
  const swept = (runs.value?.data ?? []).filter((run: Run) => run.parts !== null);
  useLive(runs.reload, swept.some(underWay));
  return (
    <Page title="Sweeps" about="One scenario over every combination of some parameters, computed on as many workers as there are.">
      {may("runs:create") && <NewSweep />}
      <ProblemNote problem={runs.problem} retry={runs.reload} />
      <Card title="Among the newest runs" flush>
        {runs.value === undefined ? (
          !runs.problem && <Waiting what="sweeps" />
        ) : swept.length === 0 ? (
          <Empty title="No sweep among the newest runs">
            <p>Choose a scenario and the values to try: each combination becomes a part of one run.</p>
          </Empty>
        ) : (
          <RunList runs={swept} />
        )}
      </Card>
    </Page>
  );
}

function NewSweep() {
  const { route } = useLocation();
  const [query, change] = useQuery();
  const scenarios = useAnswer("scenarios to sweep", (signal) => scenariosPage({ limit: 100 }, undefined, signal));
  const parameters = useAnswer("parameters to sweep", async (signal) => {
    const model = await answer(api.GET("/v1/models/{model}", { params: { path: { model: "merit_order" } }, signal }));
    const properties = (model.data.parameters as { properties?: Record<string, { type?: string; description?: string; "x-unit"?: string }> } | null)?.properties ?? {};
    return Object.entries(properties).filter(([, schema]) => schema.type === "number" || schema.type === "integer");
  });
  const [axes, setAxes] = useState<Axis[]>([
    { name: "discount_rate", values: "0.05, 0.07, 0.09" },
    { name: "shock_bp", values: "-500, 0, 500" },
  ]);
  const action = useAction();
  const scenario = query.scenario ?? scenarios.value?.data[0]?.id ?? "";
  const sweep = Object.fromEntries(axes.filter((axis) => axis.name !== "").map((axis) => [axis.name, valuesOf(axis.values)]));
  const parts = Object.values(sweep).reduce((product, values) => product * values.length, 1);
  const set = (place: number, part: Partial<Axis>): void => setAxes(axes.map((axis, index) => (index === place ? { ...axis, ...part } : axis)));
  const begin = (): void => void action.run(async () => route(to(`/runs/${await requestRun(scenario, { sweep })}`)));
  return (
    <Card title="New sweep">
      <div class="stack">
        <div class="form">
          <Choice label="Scenario" value={scenario} onChange={(value) => change({ scenario: value })} options={(scenarios.value?.data ?? []).map((one) => [one.id, one.name] as const)} />
        </div>
        {axes.map((axis, place) => (
          <div class="tools" key={place}>
            <Choice label={`Parameter ${place + 1}`} value={axis.name} onChange={(name) => set(place, { name })} options={(parameters.value ?? []).map(([name, schema]) => [name, `${words(name)}${schema["x-unit"] ? ` (${schema["x-unit"]})` : ""}`] as const)} />
            <div class="grow">
              <Text label={`Values ${place + 1}, with commas`} value={axis.values} onInput={(values) => set(place, { values })} wrong={action.problem?.errors.find((error) => error.path.startsWith(`sweep.${axis.name}`))?.message} />
            </div>
            {axes.length > 1 && (
              <button type="button" class="button plain icon" aria-label={`Take parameter ${place + 1} away`} onClick={() => setAxes(axes.filter((_, index) => index !== place))}>
                <Icon name="close" />
              </button>
            )}
          </div>
        ))}
        <ProblemNote problem={action.problem} />
        <div class="line between">
          <button type="button" class="button small" onClick={() => setAxes([...axes, { name: "", values: "" }])}>
            <Icon name="plus" /> Parameter
          </button>
          <span class="line">
            <span class="quiet small">
              {several(parts, "combination")}
              {parts > 1 && `: ${axes.map((axis) => count(valuesOf(axis.values).length)).join(" × ")}`}
            </span>
            <button type="button" class="button first" disabled={action.busy || scenario === "" || parts === 0} onClick={begin}>
              Run the sweep
            </button>
          </span>
        </div>
      </div>
    </Card>
  );
}

function valuesOf(text: string): (number | string)[] {
  return text
    .split(/[,;\s]+/)
    .filter(Boolean)
    .map((value) => (Number.isFinite(Number(value)) ? Number(value) : value));
}
