/** Makes a report of the comparison that one sees. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { answer, api } from "../../api/client";
import { useAction } from "../../api/use";
import { to } from "../../ui/address";
import { Dialog } from "../../ui/dialog";
import { Area, Text } from "../../ui/field";
import { ProblemNote } from "../../ui/parts";

export function Freeze(props: { baseline: string; runs: readonly string[]; snapshot: string | undefined }) {
  const { route } = useLocation();
  const [open, setOpen] = useState(false);
  const [title, setTitle] = useState("");
  const [notes, setNotes] = useState("");
  const action = useAction();
  const freeze = (): void =>
    void action.run(async () => {
      const { baseline, runs, snapshot } = props;
      const body = { title, notes, baseline, runs: [...runs], ...(snapshot && { snapshot_id: snapshot }) };
      const { data } = await answer(api.POST("/v1/reports", { body }));
      route(to(`/reports/${data.id}`));
    });
  return (
    <>
      <button type="button" class="button small" onClick={() => setOpen(true)}>
        Freeze as a report …
      </button>
      {open && (
        <Dialog title="Freeze as a report" close={() => setOpen(false)}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              freeze();
            }}
          >
            <h2>Freeze as a report</h2>
            <p class="soft">It keeps these figures as they are, whatever becomes of the runs, and can be shown to people who have no account.</p>
            <Text label="Title" value={title} onInput={setTitle} maxLength={200} required wrong={action.problem?.of("title")} />
            <Area label="Notes" rows={6} value={notes} onInput={setNotes} hint="Frozen with it: they cannot be changed later." wrong={action.problem?.of("notes")} />
            <ProblemNote problem={action.problem} />
            <div class="line" style={{ justifyContent: "flex-end" }}>
              <button type="button" class="button" onClick={() => setOpen(false)}>
                Cancel
              </button>
              <button type="submit" class="button first" disabled={action.busy || title.trim() === ""}>
                Freeze
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
