/** Runs as a list. */
import type { Run } from "../../data/runs";
import { underWay } from "../../data/runs";
import { between } from "../../format/times";
import { to } from "../../ui/address";
import { type Column, List } from "../../ui/list";
import { Badge, Moment, Progress } from "../../ui/parts";

export function RunList(props: {
  runs: readonly Run[];
  more?: (() => void) | undefined;
  loading?: boolean;
  chosen?: ReadonlySet<string>;
  choose?: (id: string) => void;
}) {
  const { chosen, choose } = props;
  const columns: Column<Run>[] = [
    {
      title: "Scenario",
      width: "2.4fr",
      lead: true,
      cell: (run) => (
        <>
          <a href={to(`/runs/${run.id}`)}>{run.scenario_name}</a>
          <small>
            Version {run.scenario_version}
            {run.seed !== 0 && `, seed ${run.seed}`}
            {run.parts !== null && `, ${run.parts} parts`}
          </small>
        </>
      ),
    },
    {
      title: "State",
      width: "150px",
      cell: (run) =>
        underWay(run) && run.state === "RUNNING" ? (
          <span class="stack" style={{ gap: "4px" }}>
            <span class="small number">
              Running, {run.progress_percent} %
            </span>
            <Progress percent={run.progress_percent} label={`Progress of ${run.scenario_name}`} />
          </span>
        ) : (
          <Badge state={run.state} />
        ),
    },
    { title: "Asked by", width: "1.2fr", wideOnly: true, cell: (run) => run.created_by },
    { title: "Took", width: "90px", end: true, wideOnly: true, cell: (run) => (run.started_at && run.completed_at ? between(run.started_at, run.completed_at) : <span class="quiet">–</span>) },
    { title: "Asked", width: "120px", end: true, wideOnly: true, cell: (run) => <Moment value={run.created_at} /> },
  ];
  if (chosen && choose) {
    columns.unshift({
      title: "Choose",
      hideTitle: true,
      width: "24px",
      cell: (run) => <input type="checkbox" checked={chosen.has(run.id)} onChange={() => choose(run.id)} aria-label={`Choose the run of ${run.scenario_name}`} />,
    });
  }
  return <List label="Runs" columns={columns} rows={props.runs} id={(run) => run.id} more={props.more} loading={props.loading ?? false} />;
}
