/** A baseline: what stands in it, and what a scenario on it may name. */
import { useRoute } from "preact-iso";
import { answer, api } from "../../api/client";
import { useAnswer } from "../../api/use";
import { byTechnology, technologyColour } from "../../charts/colours";
import { Bars } from "../../charts/bars";
import { count, quantity } from "../../format/numbers";
import { words } from "../../format/words";
import { to } from "../../ui/address";
import { Card, Facts, Id, Moment, Page, ProblemNote, Waiting } from "../../ui/parts";
import { MeritOrder } from "./merit-order";

export function BaselinePage() {
  const { id = "" } = useRoute().params;
  const found = useAnswer(`baseline ${id}`, async (signal) => (await answer(api.GET("/v1/baselines/{baseline_id}", { params: { path: { baseline_id: id } }, signal }))).data);
  const baseline = found.value;
  const vocabulary = baseline?.vocabulary;
  const technologies = Object.entries(vocabulary?.technologies ?? {}).sort(([a], [b]) => byTechnology(a, b));
  const units = Object.entries(vocabulary?.units ?? {});
  return (
    <Page title={baseline?.name ?? "Baseline"} crumbs={<a href={to("/baselines")}>Baselines</a>} about={baseline?.built_in ? "The built-in system. Its numbers are made up to show the model." : undefined}>
      <ProblemNote problem={found.problem} retry={found.reload} />
      {baseline === undefined ? (
        !found.problem && <Waiting what="the baseline" height={400} />
      ) : (
        <>
          {vocabulary?.years && <MeritOrder id={id} years={vocabulary.years as [number, number]} />}
          <div class="split">
            <Bars
              title="Capacity by technology"
              unit="MW"
              bars={technologies.map(([name, technology], place) => ({ label: words(name), value: technology.capacity_mw, colour: technologyColour(name, place) }))}
            />
            <Card title="Details">
              <Facts
                of={[
                  ["Version", String(baseline.version)],
                  ["Years", vocabulary?.years ? `${String(vocabulary.years[0])} to ${String(vocabulary.years.at(-1))}` : "–"],
                  ["Fuels", (vocabulary?.fuels ?? []).join(", ") || "–"],
                  ["Units", count(units.length)],
                  ...(baseline.digest ? ([["Digest", <Id value={baseline.digest} />]] as const) : []),
                  ...Object.entries(baseline.options ?? {}).map(([name, value]) => [words(name), typeof value === "string" ? value : JSON.stringify(value)] as const),
                  ...(baseline.created_at ? ([["Stored", <Moment value={baseline.created_at} />], ["By", baseline.created_by]] as const) : []),
                ]}
              />
            </Card>
          </div>
          <Card title="Technologies" flush>
            <div class="scroll" tabIndex={0} role="group" aria-label="Technologies">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Technology</th>
                    <th scope="col">Name in scenarios</th>
                    <th scope="col">Fuel</th>
                    <th scope="col" class="end">
                      Units
                    </th>
                    <th scope="col" class="end">
                      Capacity
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {technologies.map(([name, technology]) => (
                    <tr key={name}>
                      <th scope="row">{words(name)}</th>
                      <td>
                        <code>{name}</code>
                      </td>
                      <td>{technology.fuel === "" || technology.fuel === null ? <span class="quiet">none</span> : technology.fuel}</td>
                      <td class="end">{technology.units === null ? "–" : count(technology.units)}</td>
                      <td class="end">{quantity(technology.capacity_mw, "MW")}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </Card>
        </>
      )}
    </Page>
  );
}
