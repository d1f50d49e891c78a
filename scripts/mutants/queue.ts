import { inFile, type Mutant } from "./mutant.ts";

/** What waits for its turn, and what is promised. */
export const queueMutants: readonly Mutant[] = [
  ...inFile("packages/api/src/queue.ts", [
    [
      "more is promised than there is",
      "const hasRoom = ({ id, size }: Waiting) => held.has(id) || fits(size);",
      "const hasRoom = ({ id, size }: Waiting) => held.has(id) || fits(size) || true;",
      "queue",
    ],
    [
      "the end of a sandbox makes no room",
      "if (!held.delete(id)) return;\n      serve();",
      "if (!held.delete(id)) return;",
      "queue",
    ],
    [
      "what waits is let past",
      "first = waiting[0];\n    }",
      "first = waiting[0];\n    }\n    for (const each of waiting) if (hasRoom(each)) each.admit();",
      "queue",
    ],
    ["one that gave up blocks those behind it", "waiting.splice(waiting.indexOf(entry), 1);", "", "queue"],
    [
      "what can never fit waits for ever",
      "if (size.memory_bytes > most.memory_bytes) {",
      "if (size.memory_bytes < 0) {",
      "queue",
    ],
  ]),
  ...inFile("packages/api/src/control/lifecycle.ts", [
    [
      "what waits for its turn shows as being made",
      "running = await plane.engine.startSandbox(planOf(record), signal, () => begin(plane, record.id));",
      "begin(plane, record.id);\n    running = await plane.engine.startSandbox(planOf(record), signal);",
      "queue",
    ],
  ]),
  ...inFile("packages/testing/src/memory/engine.ts", [
    [
      "a sandbox that ended by itself keeps its promise",
      "void running.ended.then(() => queue.release(plan.id));",
      "",
      "queue",
    ],
  ]),
];
