/** A webhook's secret, which nobody sees a second time. */
import { Copy } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";

export function ShowSecret(props: { secret: string; close: () => void }) {
  return (
    <Dialog title="The secret" close={props.close}>
      <div class="stack">
        <h2>The secret</h2>
        <p class="soft">Each request is signed with it. It is shown this once: keep it where your endpoint finds it.</p>
        <pre tabIndex={0} aria-label="Secret">
          {props.secret}
        </pre>
        <div class="line between">
          <Copy label="Copy" text={props.secret} />
          <button type="button" class="button first" onClick={props.close}>
            I have kept it
          </button>
        </div>
      </div>
    </Dialog>
  );
}
