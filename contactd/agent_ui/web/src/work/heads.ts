/** What was shown of a customer with an offer, kept so that accepting changes nothing on the right. */
import type { CustomerHead } from "../wire";

const KEPT = 50;
const heads = new Map<string, CustomerHead>();

export function rememberHead(interaction: string, head: CustomerHead): void {
  heads.set(interaction, head);
  if (heads.size > KEPT) heads.delete(heads.keys().next().value ?? "");
}

export function rememberedHead(interaction: string): CustomerHead | undefined {
  return heads.get(interaction);
}
