/** Vendors, and whether their circuit breakers let calls through. */
import { answer, api, type Schema } from "../../api/client";
import { useAnswer } from "../../api/use";
import { several } from "../../format/numbers";
import { Badge, Card, Empty, Moment, ProblemNote, Waiting } from "../../ui/parts";

type Vendor = Schema<"VendorBody">;

export function Vendors() {
  const vendors = useAnswer("vendors", async (signal) => (await answer(api.GET("/v1/vendors", { params: { query: { limit: 100 } }, signal }))).data);
  return (
    <>
      <ProblemNote problem={vendors.problem} retry={vendors.reload} />
      <Card title="Vendors">
        {vendors.value === undefined && !vendors.problem && <Waiting height={100} />}
        {vendors.value?.length === 0 && (
          <Empty title="No vendor yet">
            <p>A vendor is who delivers something from outside. It is registered through the API, and events name it.</p>
          </Empty>
        )}
        <ul class="stack">
          {vendors.value?.map((vendor) => (
            <One key={vendor.id} vendor={vendor} />
          ))}
        </ul>
      </Card>
    </>
  );
}

function One(props: { vendor: Vendor }) {
  const { vendor } = props;
  const standing = useAnswer(`breaker ${vendor.id}`, async (signal) => (await answer(api.GET("/v1/vendors/{vendor_id}/breaker", { params: { path: { vendor_id: vendor.id } }, signal }))).data);
  return (
    <li class="line between">
      <span>
        <b>{vendor.name}</b> <span class="soft">{vendor.description}</span>
      </span>
      {standing.value && (
        <span class="line">
          <span class="quiet small">
            {several(standing.value.failures, "failure")} of {vendor.failure_threshold}
            {standing.value.opened_at && (
              <>
                , open since <Moment value={standing.value.opened_at} />
              </>
            )}
          </span>
          <Badge state={standing.value.breaker}>{standing.value.breaker === "CLOSED" ? "Lets through" : standing.value.breaker === "OPEN" ? "Open: lets nothing through" : "Half open: one is tried"}</Badge>
        </span>
      )}
    </li>
  );
}
