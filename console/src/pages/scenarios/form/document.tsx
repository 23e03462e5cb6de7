/** The document as JSON beside its form: either may be edited. */
import { useEffect, useState } from "preact/hooks";
import type { Draft } from "../../../data/scenarios";
import { Area } from "../../../ui/field";
import { Card } from "../../../ui/parts";

export function Document(props: { draft: Draft; onChange: (draft: Draft) => void }) {
  const written = JSON.stringify(props.draft, null, 2);
  const [text, setText] = useState(written);
  const [wrong, setWrong] = useState<string | undefined>();
  const [own, setOwn] = useState(false);
  useEffect(() => {
    // What the form says, unless it came from here.
    if (!own) {
      setText(written);
      setWrong(undefined);
    }
    setOwn(false);
  }, [written]);
  const change = (next: string): void => {
    setText(next);
    try {
      const parsed = JSON.parse(next) as Partial<Draft>;
      setWrong(undefined);
      setOwn(true);
      props.onChange({ name: "", description: "", assumptions: [], parameters: {}, tags: [], ...parsed });
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Card title="As JSON">
      <Area label="The scenario as JSON" hideLabel mono rows={Math.min(40, Math.max(14, text.split("\n").length + 1))} value={text} onInput={change} wrong={wrong} />
    </Card>
  );
}
