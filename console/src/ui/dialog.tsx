/** Asks before what cannot be taken back; a word to type where it is grave. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Text } from "./field";

interface Question {
  title: string;
  text: string;
  button: string;
  danger?: boolean;
  /** What must be typed before the button works. */
  word?: string;
  /** Whether a reason is asked for; it is the answer. */
  reason?: boolean;
}

const question = signal<(Question & { answer: (value: string | null) => void }) | null>(null);

/** The reason that was given, or what stands for yes; null where the reader thought better of it. */
export function ask(asked: Question): Promise<string | null> {
  return new Promise((answer) => {
    question.value = { ...asked, answer };
  });
}

export async function confirm(asked: Question): Promise<boolean> {
  return (await ask(asked)) !== null;
}

export function Asking() {
  const asked = question.value;
  const [word, setWord] = useState("");
  const [reason, setReason] = useState("");
  useEffect(() => {
    setWord("");
    setReason("");
  }, [asked]);
  if (asked === null) return null;
  const end = (value: string | null): void => {
    question.value = null;
    asked.answer(value);
  };
  const ready = (asked.word === undefined || word === asked.word) && (!asked.reason || reason.trim() !== "");
  return (
    <Dialog title={asked.title} close={() => end(null)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) end(reason.trim() || "yes");
        }}
      >
        <h2>{asked.title}</h2>
        <p class="soft">{asked.text}</p>
        {asked.reason && <Text label="Reason" value={reason} onInput={setReason} maxLength={500} required hint="It stands in the record." />}
        {asked.word !== undefined && <Text label={`Type ${asked.word} to confirm`} value={word} onInput={setWord} />}
        <div class="line" style={{ justifyContent: "flex-end" }}>
          <button type="button" class="button" onClick={() => end(null)}>
            Cancel
          </button>
          <button type="submit" class={`button ${asked.danger ? "danger" : "first"}`} disabled={!ready}>
            {asked.button}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A dialog over the page; Escape closes it. */
export function Dialog(props: { title: string; close: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog
      ref={element}
      aria-label={props.title}
      onCancel={(event) => {
        event.preventDefault();
        props.close();
      }}
    >
      {props.children}
    </dialog>
  );
}
