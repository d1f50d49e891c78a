import { parts } from "@porter-sandbox/spec/parts";
import { addOperations } from "../transport/routes.ts";

/** Makes every operation of every part known, for `porter.raw`. */
export function addAllOperations(): void {
  parts.forEach(addOperations);
}
