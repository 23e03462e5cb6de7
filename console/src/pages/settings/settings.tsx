/** Settings of the tenant: what is in force, who changed it and why. */
import { useState } from "preact/hooks";
import { answer, api, type Schema } from "../../api/client";
import { Problem } from "../../api/problem";
import { useAction, useAnswer } from "../../api/use";
import { words } from "../../format/words";
import { Dialog } from "../../ui/dialog";
import { Area, Text } from "../../ui/field";
import { Card, Empty, Moment, Page, ProblemNote, Waiting } from "../../ui/parts";

type Setting = Schema<"SettingBody">;

export function Settings() {
  const settings = useAnswer("settings", async (signal) => (await answer(api.GET("/v1/admin/config", { params: {}, signal }))).data);
  const audit = useAnswer("settings' changes", async (signal) => (await answer(api.GET("/v1/admin/config-audit", { params: { query: { limit: 50 } as never }, signal }))).data);
  const [editing, setEditing] = useState<Setting | null>(null);
  const again = (): void => {
    settings.reload();
    audit.reload();
  };
  return (
    <Page title="Settings" about="What holds for this tenant. A setting of the tenant's own stands over the platform's default.">
      {editing && <Edit setting={editing} close={() => setEditing(null)} saved={again} />}
      <ProblemNote problem={settings.problem} retry={again} />
      <Card title="In force" flush>
        {settings.value === undefined && !settings.problem && <Waiting what="settings" />}
        <div class="scroll" tabIndex={0} role="group" aria-label="Settings">
          <table>
            <thead>
              <tr>
                <th scope="col">Setting</th>
                <th scope="col">Value</th>
                <th scope="col">Whose</th>
                <th scope="col">Reason</th>
                <th scope="col">
                  <span class="hidden-text">Change</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {settings.value?.map((setting) => (
                <tr key={`${setting.kind} ${setting.name}`}>
                  <th scope="row">
                    {words(setting.kind.replaceAll("-", " "))} <code>{setting.name}</code>
                  </th>
                  <td>
                    <code>{shown(setting.value)}</code>
                  </td>
                  <td>{setting.own ? "this tenant's" : "default"}</td>
                  <td class="soft">{setting.reason}</td>
                  <td class="end">
                    <button type="button" class="button small" onClick={() => setEditing(setting)} aria-label={`Change ${setting.kind} ${setting.name}`}>
                      Change
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
      <Card title="Changes">
        <ProblemNote problem={audit.problem} />
        {audit.value?.length === 0 && <Empty title="Nothing was changed yet" />}
        <ol class="timeline">
          {audit.value?.map((change) => (
            <li key={change.id}>
              <span class="quiet small">
                {change.actor}, <Moment value={change.occurred_at} />
              </span>
              <b>
                {words(change.kind.replaceAll("-", " "))} <code>{change.name}</code>
              </b>
              <span class="small">
                <code>{change.before ? shown(change.before) : "default"}</code> → <code>{change.after ? shown(change.after) : "default"}</code>
              </span>
              <span class="soft small">{change.reason}</span>
            </li>
          ))}
        </ol>
      </Card>
    </Page>
  );
}

function Edit(props: { setting: Setting; close: () => void; saved: () => void }) {
  const { setting } = props;
  const [value, setValue] = useState(JSON.stringify(setting.value, null, 2));
  const [reason, setReason] = useState("");
  const action = useAction();
  const path = { kind: setting.kind, name: setting.name };
  const finish = (done: boolean): void => {
    if (!done) return;
    props.saved();
    props.close();
  };
  const save = (): void =>
    void action
      .run(async () => {
        let parsed: unknown;
        try {
          parsed = JSON.parse(value);
        } catch (error) {
          throw new Problem(0, "not_json", "The value is no JSON", error instanceof Error ? error.message : "", "");
        }
        await answer(api.PUT("/v1/admin/config/{kind}/{name}", { params: { path }, body: { value: parsed, reason } as never }));
      })
      .then(finish);
  const remove = (): void =>
    void action
      .run(async () => {
        const call = await api.DELETE("/v1/admin/config/{kind}/{name}", { params: { path, query: { reason } as never } });
        if (!call.response.ok) throw Problem.from(call.response, call.error);
      })
      .then(finish);
  return (
    <Dialog title="Change a setting" close={props.close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <h2>
          {words(setting.kind.replaceAll("-", " "))} <code>{setting.name}</code>
        </h2>
        <Area label="Value" mono rows={6} value={value} onInput={setValue} />
        <Text label="Reason" value={reason} onInput={setReason} required maxLength={500} hint="It stands in the record." />
        <ProblemNote problem={action.problem} />
        <div class="line between">
          {setting.own ? (
            <button type="button" class="button plain" disabled={action.busy || reason === ""} onClick={remove}>
              Back to the default
            </button>
          ) : (
            <span />
          )}
          <span class="line">
            <button type="button" class="button" onClick={props.close}>
              Cancel
            </button>
            <button type="submit" class="button first" disabled={action.busy || reason === ""}>
              Save
            </button>
          </span>
        </div>
      </form>
    </Dialog>
  );
}

function shown(value: Record<string, unknown>): string {
  return Object.entries(value)
    .map(([name, one]) => `${name}: ${JSON.stringify(one)}`)
    .join(", ");
}
