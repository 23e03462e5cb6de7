/** Writes a scenario: a form made from the model's own contract, its JSON beside it, and the API's word on it as one types. */
import { useState } from "preact/hooks";
import { useLocation, useRoute } from "preact-iso";
import { answer, api } from "../../api/client";
import type { Problem } from "../../api/problem";
import { useAction, useAnswer } from "../../api/use";
import { requestRun } from "../../data/runs";
import { createScenario, type Draft, readScenario } from "../../data/scenarios";
import { assumptionLine, driverTitle } from "../../format/words";
import { may } from "../../session/me";
import { to, useQuery } from "../../ui/address";
import { Area, Choice, Text } from "../../ui/field";
import { Card, Page, ProblemNote, Waiting } from "../../ui/parts";
import { Document } from "./form/document";
import { Fields } from "./form/fields";
import { Names, useKnown } from "./form/names";
import { type Definitions, resolved, type Schema } from "./form/schema";
import { useVerdict, Verdict } from "./form/verdict";

const EMPTY: Draft = { name: "", description: "", assumptions: [], parameters: {}, tags: [] };

interface Contract {
  drivers: Record<string, { description: string; payload: string }>;
  assumptions: { $defs: Definitions };
  parameters: Schema;
}

interface Assumption {
  driver_type: string;
  payload: Record<string, unknown>;
}

export function Editor() {
  const { id } = useRoute().params;
  const [query] = useQuery();
  const source = id ?? query.from;
  const found = useAnswer(source === undefined ? null : `scenario ${source}`, (signal) => readScenario(source ?? "", signal));
  const contract = useAnswer("contract", async (signal): Promise<Contract> => {
    const model = await answer(api.GET("/v1/models/{model}", { params: { path: { model: "merit_order" } }, signal }));
    const { parameters, ...whole } = model.data as unknown as Contract;
    const baseline = { ...parameters.properties?.baseline, "x-vocabulary": "baselines" };
    return { ...whole, parameters: { ...parameters, properties: { ...parameters.properties, baseline } } };
  });
  const problem = found.problem ?? contract.problem;
  if (contract.value === undefined || (source !== undefined && found.value === undefined)) {
    return (
      <Page title={id === undefined ? "New scenario" : "Edit"}>
        <ProblemNote problem={problem} />
        {!problem && <Waiting what="the model's contract" height={400} />}
      </Page>
    );
  }
  const scenario = found.value?.scenario;
  const begin: Draft = scenario
    ? {
        name: id === undefined ? `${scenario.name}, copy` : scenario.name,
        description: scenario.description,
        assumptions: scenario.assumptions,
        parameters: scenario.parameters,
        tags: scenario.tags,
      }
    : EMPTY;
  return <Writing key={source ?? "new"} id={id} etag={found.value?.etag ?? ""} begin={begin} contract={contract.value} />;
}

function Writing(props: { id: string | undefined; etag: string; begin: Draft; contract: Contract }) {
  const { id, contract } = props;
  const { route } = useLocation();
  const [draft, setDraft] = useState<Draft>(props.begin);
  const [touched, setTouched] = useState(false);
  const verdict = useVerdict(draft, touched);
  const known = useKnown(draft.parameters.baseline);
  const saving = useAction();
  const definitions = contract.assumptions.$defs;
  const context = { definitions, problem: saving.problem?.errors.length ? saving.problem : verdict.problem };
  const change = (part: Partial<Draft>): void => {
    saving.clear();
    setTouched(true);
    setDraft({ ...draft, ...part });
  };
  const assumptions = draft.assumptions as Assumption[];
  const setAssumptions = (next: Assumption[]): void => change({ assumptions: next });

  const save = (run: boolean): void =>
    void saving.run(async () => {
      const saved = id === undefined ? await createScenario(draft) : await replace(id, draft, props.etag);
      route(run ? to(`/runs/${await requestRun(saved)}`) : to(`/scenarios/${saved}`));
    });
  return (
    <Page
      title={id === undefined ? "New scenario" : `Edit ${props.begin.name}`}
      crumbs={<a href={to("/scenarios")}>Scenarios</a>}
      about="Fields, units and ranges are the model's own; what is wrong is said as you type."
      actions={
        <>
          <button type="button" class="button" disabled={saving.busy || draft.name === ""} onClick={() => save(false)}>
            Save
          </button>
          {may("runs:create") && (
            <button type="button" class="button first" disabled={saving.busy || draft.name === ""} onClick={() => save(true)}>
              Save and run
            </button>
          )}
        </>
      }
    >
      <ProblemNote problem={saving.problem} />
      <Names known={known} />
      <div class="split">
        <div class="stack" style={{ gap: "18px" }}>
          <Card title="What it is">
            <div class="stack">
              <Text label="Name" value={draft.name} required maxLength={200} wrong={context.problem?.of("name")} onInput={(name) => change({ name })} />
              <Area label="Description" rows={2} value={draft.description} wrong={context.problem?.of("description")} onInput={(description) => change({ description })} />
              <Text
                label="Tags"
                hint="With commas between them."
                value={draft.tags.join(", ")}
                wrong={context.problem?.errors.find((error) => error.path.startsWith("tags"))?.message}
                onInput={(text) => change({ tags: text.split(",").map((tag) => tag.trim()).filter(Boolean) })}
              />
            </div>
          </Card>
          {assumptions.map((assumption, place) => (
            <One
              key={place}
              assumption={assumption}
              place={place}
              last={assumptions.length - 1}
              context={context}
              contract={contract}
              onChange={(next) => setAssumptions(assumptions.map((one, index) => (index === place ? next : one)))}
              remove={() => setAssumptions(assumptions.filter((_, index) => index !== place))}
              move={(by) => setAssumptions(moved(assumptions, place, by))}
            />
          ))}
          <Card>
            <Choice
              label="Add an assumption"
              value=""
              onChange={(type) => {
                if (type) setAssumptions([...assumptions, { driver_type: type, payload: exampleOf(type, contract) }]);
              }}
              options={[["", "Choose what changes …"], ...Object.entries(contract.drivers).map(([type, driver]) => [type, `${driverTitle(type)}: ${driver.description}`] as const)]}
            />
          </Card>
          <Card title="Parameters of the run">
            <Fields schema={contract.parameters} value={draft.parameters} path="parameters" context={context} onChange={(parameters) => change({ parameters })} />
          </Card>
        </div>
        <div class="stack beside">
          <Verdict verdict={verdict} touched={touched} known={known} />
          <Document draft={draft} onChange={(next) => change(next)} />
        </div>
      </div>
    </Page>
  );
}

function One(props: {
  assumption: Assumption;
  place: number;
  last: number;
  context: { definitions: Definitions; problem: Problem | undefined };
  contract: Contract;
  onChange: (next: Assumption) => void;
  remove: () => void;
  move: (by: number) => void;
}) {
  const { assumption, place, contract, context } = props;
  const schema = payloadOf(assumption.driver_type, contract);
  const path = `assumptions[${place}]`;
  const own = context.problem?.of(path) ?? context.problem?.of(`${path}.payload`) ?? context.problem?.of(`${path}.driver_type`);
  return (
    <Card
      title={driverTitle(assumption.driver_type)}
      actions={
        <>
          {place > 0 && (
            <button type="button" class="button plain small" onClick={() => props.move(-1)} aria-label={`Up: assumption ${place + 1}`}>
              Up
            </button>
          )}
          {place < props.last && (
            <button type="button" class="button plain small" onClick={() => props.move(1)} aria-label={`Down: assumption ${place + 1}`}>
              Down
            </button>
          )}
          <button type="button" class="button plain small" onClick={props.remove} aria-label={`Take away assumption ${place + 1}`}>
            Take away
          </button>
        </>
      }
    >
      <div class="stack">
        <p class="soft small">{assumptionLine(assumption)}</p>
        {own && <span class="note bad small">{own}</span>}
        {schema ? (
          <Fields schema={schema} value={assumption.payload} path={`${path}.payload`} context={context} onChange={(payload) => props.onChange({ ...assumption, payload })} />
        ) : (
          <p class="soft">The model has no such driver; edit it as JSON.</p>
        )}
      </div>
    </Card>
  );
}

async function replace(id: string, draft: Draft, etag: string): Promise<string> {
  const call = api.PUT("/v1/scenarios/{scenario_id}", {
    params: { path: { scenario_id: id }, ...(etag && { header: { "if-match": etag } as never }) },
    body: draft as never,
  });
  return (await answer(call)).data.id;
}

function payloadOf(type: string, contract: Contract): Schema | undefined {
  const pointer = contract.drivers[type]?.payload;
  return pointer === undefined ? undefined : resolved({ $ref: pointer }, contract.assumptions.$defs);
}

/** What a new assumption begins with: the contract's own example. */
function exampleOf(type: string, contract: Contract): Record<string, unknown> {
  const example = payloadOf(type, contract)?.examples?.[0];
  return typeof example === "object" && example !== null ? (structuredClone(example) as Record<string, unknown>) : {};
}

function moved<Item>(items: readonly Item[], place: number, by: number): Item[] {
  const next = [...items];
  const [item] = next.splice(place, 1);
  if (item !== undefined) next.splice(place + by, 0, item);
  return next;
}
