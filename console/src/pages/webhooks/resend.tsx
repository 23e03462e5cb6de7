/** Sends again what failed since a moment, once one has seen how much that is. */
import { useState } from "preact/hooks";
import { answer, api } from "../../api/client";
import { useAction } from "../../api/use";
import { several } from "../../format/numbers";
import { local, utc } from "../../format/times";
import { Dialog } from "../../ui/dialog";
import { Text } from "../../ui/field";
import { ProblemNote } from "../../ui/parts";

const DAY = 86_400_000;

export function Resend(props: { webhook: string; close: () => void; done: () => void }) {
  const [since, setSince] = useState(() => local(new Date(Date.now() - DAY)));
  const [matching, setMatching] = useState<number | null>(null);
  const action = useAction();
  const moment = Number.isNaN(Date.parse(since)) ? null : new Date(since).toISOString();
  const send = (preview: boolean): void =>
    void action.run(async () => {
      const path = { webhook_id: props.webhook };
      const { data } = await answer(api.POST("/v1/webhooks/{webhook_id}/deliveries:resend", { params: { path }, body: { since: moment, preview } as never }));
      if (preview) {
        setMatching(data.matching);
        return;
      }
      props.done();
      props.close();
    });
  return (
    <Dialog title="Send what failed again" close={props.close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send(matching === null);
        }}
      >
        <h2>Send what failed again</h2>
        <p class="soft">What was given up or cancelled, the oldest 1,000; each under the id it had.</p>
        <Text
          label="What happened since"
          type="datetime-local"
          value={since}
          onInput={(value) => {
            setSince(value);
            setMatching(null);
          }}
          required
          wrong={action.problem?.of("since")}
          hint={moment ? utc(moment) : "A day and a time of yours"}
        />
        {matching !== null && (
          <p role="status">
            <b>{matching === 0 ? "Nothing failed since then." : `${several(matching, "delivery", "deliveries")} would be sent again.`}</b>
          </p>
        )}
        {action.problem && !action.problem.of("since") && <ProblemNote problem={action.problem} />}
        <div class="line" style={{ justifyContent: "flex-end" }}>
          <button type="button" class="button" onClick={props.close}>
            Cancel
          </button>
          <button type="submit" class="button first" disabled={action.busy || moment === null || matching === 0}>
            {matching === null ? "Look what that is" : `Send ${matching} again`}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
