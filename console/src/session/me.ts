/** The reader as the API knows them: what their roles allow decides what is shown and offered. */
import { signal } from "@preact/signals";
import { answer, api, type Schema } from "../api/client";

export type Me = Schema<"MeBody">;
export const me = signal<Me | null>(null);

export async function readMe(): Promise<void> {
  me.value = (await answer(api.GET("/v1/me"))).data;
}

export function may(permission: string): boolean {
  return me.value?.permissions.includes(permission) ?? false;
}
