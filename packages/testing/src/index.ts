export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from "./clock.ts";
export type { Command, CommandCall, CommandSandbox, Shell } from "./commands/command.ts";
export { plainCommandNames, runPlain } from "./commands/plain.ts";
export type {
  CommandAnswer,
  CommandMatcher,
  CommandRun,
  FakeCommands,
  ScriptedAnswer,
  ScriptedCall,
} from "./commands/scripts.ts";
export type { FakeControl, Fault, FaultRule, Leaks, RecordedRequest } from "./control.ts";
export { controlHandler, remoteControl } from "./control-http.ts";
export { createFakeSandboxApi, type FakeOptions, type FakeSandboxApi } from "./fake.ts";
export type { FakeFiles } from "./fake-files.ts";
export type { FetchLike } from "./gateway.ts";
export { type BootFault, createMemoryEngine, type MemoryEngine, type MemoryEngineOptions } from "./memory/engine.ts";
export type { FileTree, NodeInfo } from "./memory/files.ts";
