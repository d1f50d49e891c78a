import { extensions } from "@porter-sandbox/spec/extensions";
import { addOperations } from "../transport/routes.ts";

/** Makes every operation of every extension known, for `porter.raw`. */
export function addAllOperations(): void {
  extensions.forEach(addOperations);
}
