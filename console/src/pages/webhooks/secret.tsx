/** A webhook's secret, which nobody sees a second time; or the public key that verifies, where it signs by ed25519. */
import { Copy } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";

export function ShowSecret(props: { secret: string; close: () => void }) {
  const isPublic = props.secret.startsWith("whpk_");
  const title = isPublic ? "The public key" : "The secret";
  return (
    <Dialog title={title} close={props.close}>
      <div class="stack">
        <h2>{title}</h2>
        <p class="soft">{isPublic ? "Each request's signature is verified with it." : "Each request is signed with it. It is shown this once: keep it where your endpoint finds it."}</p>
        <pre tabIndex={0} aria-label={isPublic ? "Public key" : "Secret"}>
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
