/** The names that a scenario may use: those of the baseline that it starts from. */
import { answer, api, type Schema } from "../../../api/client";
import { useAnswer } from "../../../api/use";

type Vocabulary = Omit<Schema<"VocabularyBody">, "years"> & { years: readonly number[] };
const REFERENCE = "reference";

export interface Known {
  /** The names of all baselines. */
  baselines: readonly string[];
  /** By which the chosen one is named. */
  chosen: string;
  /** Undefined while it is read, and where there is no such baseline. */
  vocabulary: Vocabulary | undefined;
}

/** What the baseline `reference` knows: a name or an id, `island@3` for its third version; the built-in one where none is given. */
export function useKnown(reference: unknown): Known {
  const listed = useAnswer("baselines", async (signal) => (await answer(api.GET("/v1/baselines", { params: { query: { limit: 100 } }, signal }))).data);
  const chosen = typeof reference === "string" && reference !== "" ? reference : REFERENCE;
  const [name = "", version] = chosen.split("@");
  const own = listed.value?.find((one) => one.name.toLowerCase() === name.toLowerCase() || one.id === name);
  const id = name === REFERENCE ? REFERENCE : own?.id;
  const read = useAnswer(id === undefined ? null : `vocabulary ${id} ${version ?? ""}`, async (signal) => {
    const query = version !== undefined && /^\d+$/.test(version) ? { version: Number(version) } : {};
    return (await answer(api.GET("/v1/baselines/{baseline_id}", { params: { path: { baseline_id: id ?? "" }, query }, signal }))).data.vocabulary;
  });
  return { baselines: (listed.value ?? []).map((one) => one.name), chosen, vocabulary: read.value };
}

/** The names as one types, by what the contract calls them (`x-vocabulary`). */
export function Names(props: { known: Known }) {
  const { vocabulary, baselines } = props.known;
  const lists = {
    fuels: vocabulary?.fuels ?? [],
    technologies: Object.keys(vocabulary?.technologies ?? {}),
    units: Object.keys(vocabulary?.units ?? {}),
    profiles: vocabulary?.profiles ?? [],
    baselines: [REFERENCE, ...baselines],
  };
  return (
    <>
      {Object.entries(lists).map(([list, names]) => (
        <datalist key={list} id={`vocabulary-${list}`}>
          {names.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      ))}
    </>
  );
}
