/** What the pages of webhooks share. */
import type { Schema } from "../../api/client";
import { several } from "../../format/numbers";

export type Webhook = Schema<"WebhookBody">;
export type Delivery = Schema<"DeliveryBody">;
type EventType = NonNullable<Schema<"WebhookDocument">["event_types"]>[number];

/** What one can be told of. */
export const EVENT_TYPES: Record<EventType, string> = {
  "run.succeeded": "Run succeeded",
  "run.failed": "Run failed",
  "run.cancelled": "Run cancelled",
  "run.timeout": "Run timed out",
  "export.ready": "Export ready",
  "export.failed": "Export failed",
  "incident.opened": "Incident opened",
  "incident.reopened": "Incident reopened",
  "incident.escalated": "Incident escalated",
  "incident.resolved": "Incident resolved",
};

export function eventTitle(type: string): string {
  return type === "webhook.test" ? "Test" : ((EVENT_TYPES as Record<string, string>)[type] ?? type);
}

export interface Draft {
  url: string;
  description: string;
  event_types: string[];
  scenario_ids: string[];
  tags: string[];
  ordered: boolean;
}

export const EMPTY: Draft = { url: "", description: "", event_types: [], scenario_ids: [], tags: [], ordered: false };

/** What lets an event through, in a line. */
export function toldOf(webhook: Draft): string {
  const types = webhook.event_types.length === 0 ? "Everything" : webhook.event_types.map(eventTitle).join(", ");
  const narrowed = [webhook.scenario_ids.length > 0 && several(webhook.scenario_ids.length, "scenario"), webhook.tags.length > 0 && `tagged ${webhook.tags.join(" or ")}`];
  return [types, ...narrowed].filter(Boolean).join(" · ");
}
