/** Small parts that every page uses. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem as ProblemType } from "../api/problem";
import { ago, at, utc } from "../format/times";
import { STATE_TONES, words } from "../format/words";

export function Page(props: {
  title: string;
  about?: ComponentChildren;
  crumbs?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${props.title} · Sextant`;
  }, [props.title]);
  return (
    <div class="page">
      <div class="page-head">
        <div class="titles">
          {props.crumbs && <div class="crumbs">{props.crumbs}</div>}
          <h1 tabIndex={-1}>{props.title}</h1>
          {props.about && <p>{props.about}</p>}
        </div>
        {props.actions && <div class="actions">{props.actions}</div>}
      </div>
      {props.children}
    </div>
  );
}

export function Card(props: { title?: ComponentChildren; actions?: ComponentChildren; flush?: boolean; children: ComponentChildren }) {
  return (
    <section class="card">
      {props.title !== undefined && (
        <header>
          <h2>{props.title}</h2>
          {props.actions && <div class="line">{props.actions}</div>}
        </header>
      )}
      {props.flush ? props.children : <div class="body">{props.children}</div>}
    </section>
  );
}

export function Badge(props: { state: string; children?: ComponentChildren }) {
  return <span class={`badge ${STATE_TONES[props.state] ?? ""}`}>{props.children ?? words(props.state)}</span>;
}

/** What went wrong, with the id to report. */
export function ProblemNote(props: { problem: ProblemType | undefined; retry?: () => void }) {
  const { problem } = props;
  if (problem === undefined) return null;
  return (
    <div class="note bad" role="alert">
      <b>{problem.title}</b>
      {problem.errors.length > 0 ? (
        <ul>
          {problem.errors.map((error) => (
            <li key={error.path + error.rule}>
              <code>{error.path}</code> {error.message}
            </li>
          ))}
        </ul>
      ) : (
        problem.detail && <span>{problem.detail}</span>
      )}
      <span class="id">
        {problem.code}
        {problem.requestId && (
          <>
            {" · request "}
            <code>{problem.requestId}</code>
          </>
        )}
      </span>
      {props.retry && (
        <span>
          <button type="button" class="button small" onClick={props.retry}>
            Try again
          </button>
        </span>
      )}
    </div>
  );
}

export function Empty(props: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

/** Holds the place of what is on its way, so that nothing jumps. */
export function Waiting(props: { height?: number; what?: string }) {
  return (
    <div class="empty" style={{ minHeight: `${props.height ?? 160}px` }} role="status">
      <span class="quiet">Loading {props.what ?? ""} …</span>
    </div>
  );
}

/** A moment in words, exact and in UTC where one hovers or focuses. */
export function Moment(props: { value: string | null | undefined; exact?: boolean }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 15_000);
    return () => clearInterval(timer);
  }, []);
  if (!props.value) return <span class="quiet">–</span>;
  return (
    <time dateTime={props.value} title={`${at(props.value)} · ${utc(props.value)}`} class="nowrap">
      {props.exact ? at(props.value) : ago(props.value)}
    </time>
  );
}

export function Tags(props: { tags: readonly string[] }) {
  return (
    <span class="line">
      {props.tags.map((tag) => (
        <span class="tag" key={tag}>
          {tag}
        </span>
      ))}
    </span>
  );
}

export function Progress(props: { percent: number; label: string }) {
  return (
    <span class="progress" role="progressbar" aria-label={props.label} aria-valuenow={props.percent} aria-valuemin={0} aria-valuemax={100}>
      <span style={{ width: `${props.percent}%` }} />
    </span>
  );
}

export function Facts(props: { of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {props.of.map(([name, value]) => (
        <>
          <dt key={name}>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

/** What a line of words was made from, unfolded on demand. */
export function InFull(props: { value: object }) {
  return (
    <details>
      <summary class="quiet small">In full</summary>
      <pre tabIndex={0}>{JSON.stringify(props.value, null, 2)}</pre>
    </details>
  );
}

/** An id, short, with the whole of it to copy. */
export function Id(props: { value: string }) {
  return (
    <code title={props.value} class="nowrap">
      {props.value.slice(0, 8)}…{props.value.slice(-4)}
    </code>
  );
}
