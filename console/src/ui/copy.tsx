/** A button that puts a text on the clipboard, and says so. */
import { useState } from "preact/hooks";

export function Copy(props: { label: string; text: string }) {
  const [done, setDone] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(props.text).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1600);
    });
  };
  return (
    <button type="button" class="button small" onClick={copy}>
      <span aria-live="polite">{done ? "Copied" : props.label}</span>
    </button>
  );
}
