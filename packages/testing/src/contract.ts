/**
 * The contract suite: what every server of the Sandbox API, and every client of one, must do, as named cases. The same
 * list runs against the fake, every engine and any base URL, in every runtime.
 */
export type { CaseOptions, ContractCase } from "./contract/case.ts";
export { contractCases } from "./contract/cases.ts";
export { type Context, createContext, type PorterClass } from "./contract/context.ts";
export { fakeFacts } from "./contract/fake-facts.ts";
export { probeCapabilities, type Unprobed } from "./contract/probe.ts";
export {
  type CaseResult,
  type ContractOptions,
  capabilityMatrix,
  type RegisteredCase,
  type RunOptions,
  registerContract,
  runContract,
} from "./contract/run.ts";
export { type Capability, capabilities, type FetchLike, type Target } from "./contract/target.ts";
